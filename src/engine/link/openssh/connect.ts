import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, ok, type Failure, type Result } from '../../../contract/result.js';
import { errorText } from '../../failures/thrown.js';
import { Deadline } from '../deadline.js';
import { userConfigFile } from '../ssh-config.js';
import type { SshConnection, SshOptions } from '../ssh-connect.js';
import { Askpass, type Answerer, type AskpassWay } from './askpass.js';
import { configText, destination } from './config-file.js';
import { configuredKnownHosts, includedConfigs } from './included.js';
import { Interview, type Answers } from './interview.js';
import type { Carrying, CarryingOptions } from './carrying.js';
import { Master } from './master.js';
import { OneSession } from './one-session.js';
import { openProgramAskpass } from './program-askpass.js';
import { makePrivateFolder, sweepPrivateFolders, type PrivateFolder } from './private-folder.js';
import { checkOpenSsh } from './program.js';
import { runsNothing } from '../marked.js';
import { failureOf, isUnknownKey, letsIn } from './words.js';

/** For everything but the time that questions are open; ssh itself gives up a server that does not answer after 15 s. */
const defaultTimeoutMs = 45_000;

export interface SystemSshOptions extends SshOptions {
  /** Why it is needed, a part of a sentence with its end. */
  readonly why: string;
  /** Answers that were right, for reconnecting. */
  readonly answers: Answers;
  /** What the user is to do beside answering: to touch a security key. */
  readonly onNotice?: (text: string) => void;
}

/**
 * Connects by the system's ssh: one master process, whose channels are those of the connection, or where there are no masters one
 * whose only session carries all others. Keys of hosts are checked
 * by ssh against our known_hosts file and the user's (StrictHostKeyChecking=yes). Only where it does not know a key it is
 * started again so that it asks, and it takes the answer "the fingerprint that was shown", which it compares itself: the
 * user sees the key of the very connection that goes on, also behind a ProxyCommand, where nobody else could look.
 */
export async function connectSystemSsh(options: SystemSshOptions, signal: AbortSignal): Promise<Result<SshConnection>> {
  const program = options.sshProgram ?? 'ssh';
  const usable = await checkOpenSsh(program);
  if (!usable.ok) {
    const { code, message, detail } = usable.failure;
    return fail(code, `The system's ssh is needed: ${options.why} ${message}`, detail);
  }
  const shares = options.sshShares ?? process.platform !== 'win32';
  if (!shares && options.carrier === undefined) {
    return fail('unsupported', `The system's ssh is needed: ${options.why} It cannot share a connection here.`);
  }
  const prepared = await options.hostKeys.prepare();
  if (!prepared.ok) return prepared;
  await sweepPrivateFolders();
  let folder: PrivateFolder;
  try {
    folder = await makePrivateFolder();
  } catch (error) {
    return fail(
      'internal',
      'No private folder could be made for ssh: check the one for temporary files.',
      errorText(error),
    );
  }
  const connected = await attempt(options, folder, program, 'yes', signal);
  if (!connected.ok) await folder.remove();
  return connected;
}

async function attempt(
  options: SystemSshOptions,
  folder: PrivateFolder,
  program: string,
  hostKeys: 'yes' | 'ask',
  signal: AbortSignal,
): Promise<Result<SshConnection>> {
  const { config } = options;
  const known = await options.hostKeys.load();
  if (!known.ok) return known;
  const followed = await followedFiles(config.openssh?.host, signal);
  if (!followed.ok) return followed;
  const { include, knownHosts } = followed.value;
  const shares = options.sshShares ?? process.platform !== 'win32';
  const controlSocket = shares ? join(folder.path, 'm') : undefined;
  const text = configText({
    config,
    hostKeys,
    knownHosts: [...new Set([...options.hostKeys.files, ...knownHosts])],
    controlSocket,
    include,
  });
  if (!text.ok) return text;
  const configFile = join(folder.path, 'config');
  await writeFile(configFile, text.value, { mode: 0o600 });

  const ending = new AbortController();
  const interview = new Interview(options, ending.signal);
  const answerer: Answerer = (question) => interview.answer(question, carrying.said);
  const askpass = await (shares ? Askpass.open(folder.path, answerer) : openProgramAskpass(folder.path, answerer));
  const carrying = begin(options, controlSocket, {
    program,
    configFile,
    destination: destination(config),
    folder: folder.path,
    environment: environment(options, askpass),
  });
  let gaveUp: Failure | undefined;
  const stop = (failure: Failure): void => {
    gaveUp ??= failure;
    void carrying.end();
  };
  const deadline = new Deadline(options.handshakeTimeoutMs ?? defaultTimeoutMs, () => {
    stop(fail('timeout', `${config.host} did not finish the SSH handshake in time: try again.`).failure);
  });
  interview.follow(deadline, stop);
  const onAbort = (): void => {
    stop(fail('cancelled', 'Cancelled.').failure);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  const ready = await carrying.ready();
  deadline.clear();
  signal.removeEventListener('abort', onAbort);
  askpass.dispose();
  ending.abort();
  if (gaveUp !== undefined) return { ok: false, failure: gaveUp };
  if (!ready) {
    const { said } = carrying;
    if (hostKeys === 'yes' && isUnknownKey(said)) return attempt(options, folder, program, 'ask', signal);
    // It let us in, and then ran nothing of ours.
    if (!shares && letsIn({ config, said })) return runsNothing(said);
    return {
      ok: false,
      failure: failureOf({ config, said, known: known.value, passphrasesAsked: interview.passphrases }),
    };
  }
  interview.succeeded();
  const joined = await carrying.join(signal);
  if (joined.ok) void carrying.exited.then(() => folder.remove());
  else await carrying.end();
  return joined;
}

/** Starts the ssh process that is to carry the connection. */
function begin(options: SystemSshOptions, controlSocket: string | undefined, common: CarryingOptions): Carrying {
  if (controlSocket !== undefined) return new Master({ ...common, controlSocket });
  const { carrier, onNotice = () => undefined } = options;
  if (carrier === undefined) throw new Error('a session without masters has a carrier'); // looked at before
  return new OneSession({ ...common, carrier, onNotice });
}

/** What OpenSSH's configuration adds for one of its hosts; nothing for any other. */
async function followedFiles(
  host: string | undefined,
  signal: AbortSignal,
): Promise<Result<{ readonly include: readonly string[]; readonly knownHosts: readonly string[] }>> {
  if (host === undefined) return ok({ include: [], knownHosts: [] });
  const include = await includedConfigs(userConfigFile());
  if (!include.ok) return include;
  // A configuration that was removed since the import says nothing.
  const there = include.value.includes(userConfigFile());
  const knownHosts = there ? await configuredKnownHosts(host, signal) : ok([]);
  return knownHosts.ok ? ok({ include: include.value, knownHosts: knownHosts.value }) : knownHosts;
}

/** What ssh is started with: asks by our program only, and says what the system says in English. */
function environment({ agentSocket }: SshOptions, askpass: AskpassWay): NodeJS.ProcessEnv {
  const { LC_ALL: all, ...rest } = process.env;
  return {
    ...rest,
    ...(all === undefined ? {} : { LC_CTYPE: all }),
    LC_MESSAGES: 'C',
    ...askpass.environment,
    SSH_ASKPASS: askpass.program,
    SSH_ASKPASS_REQUIRE: 'force',
    ...(agentSocket === undefined ? {} : { SSH_AUTH_SOCK: agentSocket }),
  };
}
