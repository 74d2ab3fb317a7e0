import reactHooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

/** Which layers a layer may import from, beside itself; DESIGN's direction of imports. */
const layers = {
  core: [],
  contract: ['core'],
  engine: ['core', 'contract'],
  links: ['core', 'contract', 'engine'],
  decoder: ['core', 'contract', 'engine'],
  cli: ['core', 'contract', 'engine'],
  main: ['core', 'contract', 'engine'],
  preload: ['core', 'contract'],
  renderer: ['core', 'contract'],
};

const importRules = Object.entries(layers).map(([layer, allowed]) => {
  const forbidden = Object.keys(layers).filter((other) => other !== layer && !allowed.includes(other));
  return {
    files: [`src/${layer}/**/*.{ts,tsx}`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            { group: forbidden.map((other) => `**/${other}/**`), message: `${layer} must not import from there.` },
            ...(layer === 'engine' || layer === 'cli'
              ? [{ group: ['electron'], message: `${layer} runs under plain Node.` }]
              : []),
            ...(layer === 'core' || layer === 'contract'
              ? [{ group: ['node:*', 'electron', 'react'], message: `${layer} is pure.` }]
              : []),
          ],
        },
      ],
    },
  };
});

export default tseslint.config(
  {
    ignores: ['out/', 'build/', '**/node_modules/', 'src/engine/gen/', 'test-results/'],
  },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: { allowDefaultProject: [] }, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      // Electron hands out its windows itself; nothing of ours constructs them.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      'no-empty': ['error', { allowEmptyCatch: false }],
      // In Node 20 one that is combined with another may be collected, and the time is never over.
      'no-restricted-properties': [
        'error',
        { object: 'AbortSignal', property: 'timeout', message: 'Use timeLimit of src/engine/link/time-limit.ts.' },
      ],
      'max-lines': ['error', { max: 600, skipBlankLines: true, skipComments: true }],
    },
  },
  ...importRules,
  {
    files: ['src/renderer/**/*.{ts,tsx}'],
    plugins: { 'react-hooks': reactHooks },
    rules: reactHooks.configs.recommended.rules,
  },
  {
    files: ['**/*.test.{ts,tsx}', '**/testing/**', 'e2e/**'],
    rules: {
      'max-lines': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      'no-restricted-properties': 'off',
    },
  },
  {
    // Scripts are typed by JSDoc and judged by tsc; what they parse is cast in place, which the rules below do not see.
    files: ['scripts/**/*.mjs'],
    rules: {
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // What a stage or a stand-in for one promises is its type's to say.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { caughtErrorsIgnorePattern: '^_' }],
    },
  },
  {
    // In no project of tsc's: what can be said without types.
    files: ['*.js', 'bench/**/*.mjs', 'e2e/**/*.mjs', 'src/**/*.mjs', 'scripts/setup/default-app/*.mjs'],
    ...tseslint.configs.disableTypeChecked,
  },
);
