import { expect, test } from 'vitest';
import { judgeSandbox } from './sandbox.mjs';

/** @type {import('./sandbox.mjs').SandboxFacts} */
const desktop = {
  platform: 'linux',
  root: false,
  asked: false,
  setuidHelper: false,
  maxUserNamespaces: '96365',
  unprivilegedUsernsClone: undefined,
  apparmorRestrict: undefined,
  apparmorProfile: false,
  unshareWorks: true,
  electron: "/home/o'brien/pyrometer/electron",
};

test('a user on an ordinary desktop has the sandbox', () => {
  expect(judgeSandbox(desktop)).toEqual({ mode: 'sandboxed' });
  expect(judgeSandbox({ ...desktop, platform: 'darwin', unshareWorks: false })).toEqual({ mode: 'sandboxed' });
});

test('only root and whoever asks for it start without, and are told', () => {
  expect(judgeSandbox({ ...desktop, root: true })).toMatchObject({ mode: 'off', why: expect.stringContaining('root') });
  expect(judgeSandbox({ ...desktop, asked: true })).toMatchObject({ mode: 'off', why: '--no-sandbox was given' });
});

test('each way of blocking user namespaces gets its own mend', () => {
  const mend = (/** @type {Partial<typeof desktop>} */ change) => {
    const plan = judgeSandbox({ ...desktop, ...change });
    return plan.mode === 'blocked' ? plan.mend.join('\n') : plan.mode;
  };
  expect(mend({ maxUserNamespaces: '0' })).toContain('user.max_user_namespaces=');
  expect(mend({ unprivilegedUsernsClone: '0' })).toContain('kernel.unprivileged_userns_clone=1');
  expect(mend({ unshareWorks: false })).toContain('chmod 4755');
  const apparmor = mend({ apparmorRestrict: '1' });
  expect(apparmor).toContain('/etc/apparmor.d/pyrometer-electron');
  expect(apparmor).toContain('userns,');
  expect(apparmor).toContain("o'\\''brien");
  expect(mend({ apparmorRestrict: '1', apparmorProfile: true })).toBe('sandboxed');
  expect(mend({ apparmorRestrict: '1', setuidHelper: true })).toBe('sandboxed');
});
