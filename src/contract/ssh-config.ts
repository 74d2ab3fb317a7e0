import { SshHop, type OpenSshHost } from './target.js';

/** A name that can be handed to ssh safely. */
export const HostName = SshHop.entries.host;

/** Hosts that OpenSSH's configuration names. Nothing of them was resolved. */
export interface ConfigHosts {
  readonly file: string;
  readonly names: readonly string[];
  /** Names that were left out because they cannot be handed on safely. */
  readonly unusable: number;
}

/** What OpenSSH's configuration says of a host. */
export interface ImportedHost {
  readonly name: string;
  readonly hop: SshHop;
  /** Servers on the way, first the one that is dialled from here. */
  readonly jumps: readonly SshHop[];
  /** Where only the system's ssh can connect to it. */
  readonly openssh?: OpenSshHost;
}

/** Why only the system's ssh can connect to a host of the SSH configuration, as a part of a sentence and its end. */
export function opensshReason({ host, why }: OpenSshHost): string {
  switch (why) {
    case 'ProxyCommand':
      return `your SSH configuration reaches ${host} by a ProxyCommand.`;
    case 'CertificateFile':
      return `your SSH configuration names a CertificateFile for ${host}.`;
    case 'ProxyJump':
      return `your SSH configuration leads to ${host} over a server that has a ProxyCommand or a CertificateFile.`;
  }
}
