import { describe, expect, it } from 'vitest';
import type { AgentAge } from '../../../contract/agent-version.js';
import { testStatus } from '../../../contract/testing/agent-status.js';
import type { TargetState } from '../../../contract/target.js';
import { restartWords, versionWords } from './version-words.js';

function target(version: string, replacement?: { version: string; running: AgentAge }): TargetState {
  return {
    config: { kind: 'local', id: 'local', name: 'This computer' },
    link: { state: 'connected' },
    agent: {
      state: 'profiling',
      recording: false,
      status: { ...testStatus, version },
      ...(replacement === undefined ? {} : { replacement }),
    },
    pyroscope: { state: 'none' },
  };
}

describe('an agent that is not the one of this app', () => {
  it.each([
    ['0.1.0+aa', 'older', 'The agent there is 0.1.0+aa, older than this app’s 0.2.0+bb.', 'Upgrade…', 'Upgrade'],
    [
      '0.2.0+aa',
      'other',
      'The agent there is 0.2.0+aa, another build than this app’s 0.2.0+bb.',
      'Replace…',
      'Replace',
    ],
    [
      '0.3.0+aa',
      'newer',
      'The agent there is 0.3.0+aa, newer than this app’s 0.2.0+bb: it is kept.',
      undefined,
      'Downgrade',
    ],
  ] as const)('%s is %s', (version, running, sentence, offer, verb) => {
    const shown = target(version, { version: '0.2.0+bb', running });
    expect(versionWords(shown)?.sentence).toBe(sentence);
    expect(versionWords(shown)?.offer).toBe(offer);
    const asked = restartWords(shown);
    expect(asked.verb).toBe(verb);
    expect(asked.versions).toContain(version);
    expect(asked.versions).toContain('0.2.0+bb');
  });

  it('says nothing of the same one', () => {
    expect(versionWords(target('0.2.0+bb'))).toBeUndefined();
    expect(restartWords(target('0.2.0+bb'))).toEqual({ verb: 'Restart', versions: '' });
  });
});
