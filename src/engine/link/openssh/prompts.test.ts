import { describe, expect, it } from 'vitest';
import { readQuestion } from './prompts.js';

const authenticity = [
  "The authenticity of host '[web.example.com]:2222 ([192.0.2.1]:2222)' can't be established.",
  'ED25519 key fingerprint is SHA256:AbC+/dEf0123456789.',
  'This key is not known by any other names.',
  'Are you sure you want to continue connecting (yes/no/[fingerprint])? ',
].join('\n');

const read = (text: string, hint = ''): unknown => readQuestion({ hint, text }, 0);

describe("ssh's questions", () => {
  it('about a new key', () => {
    expect(read(authenticity)).toEqual({
      kind: 'host-key',
      question: { host: '[web.example.com]:2222', keyType: 'ssh-ed25519', fingerprint: 'SHA256:AbC+/dEf0123456789' },
    });
    expect(
      read(authenticity.replace('[192.0.2.1]:2222', '<no hostip for proxy command>').replace('ED25519', 'ECDSA')),
    ).toMatchObject({ kind: 'host-key', question: { host: '[web.example.com]:2222', keyType: 'ECDSA' } });
  });

  it.each([
    ["Enter passphrase for key '/home/a b/it's mine': ", 'passphrase', 'Passphrase of the key'],
    ["deploy@web's password: ", 'password', 'Password of deploy on web'],
    ['(deploy@web) Verification code: ', 'server', 'web asks'],
    ['Enter PIN for ED25519-SK key /home/a/id: ', 'other', 'The system’s ssh asks'],
  ])('for a secret: %s', (text, about, title) => {
    expect(read(text)).toMatchObject({ kind: 'secret', about, question: { title } });
  });

  it('that say what was wrong with the answer before', () => {
    const text = "Enter passphrase for key '/k': ";
    expect(readQuestion({ hint: '', text }, 1)).toMatchObject({
      question: { explanation: expect.stringContaining('did not open it') as string },
    });
  });

  it.each([authenticity, "Enter passphrase for key '/k': ", "a@b's password: ", '(a@b) x'])(
    'are not taken from a server that asks as if it were ssh: %j',
    (text) => {
      expect(read(`(deploy@evil) ${text}`)).toMatchObject({
        kind: 'secret',
        about: 'server',
        question: { title: 'evil asks' },
      });
    },
  );

  it('that are none, or for no user', () => {
    expect(read('Confirm user presence for key ECDSA-SK SHA256:x', 'none')).toMatchObject({ kind: 'notice' });
    expect(read('Allow use of key x?', 'confirm')).toEqual({ kind: 'other' });
    expect(read("Please type 'yes', 'no' or the fingerprint? ")).toEqual({ kind: 'other' });
    expect(read("The authenticity of host 'x' can't be established. Go on (yes/no)? ")).toEqual({ kind: 'other' });
  });
});
