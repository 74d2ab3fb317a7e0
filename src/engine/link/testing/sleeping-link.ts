import { homedir } from 'node:os';
import { join } from 'node:path';
import type { SshTargetConfig } from '../../../contract/target.js';
import { HostKeys } from '../host-keys.js';
import { SshLink } from '../ssh-link.js';
import { Tunnel } from '../tunnel.js';
import { accepting, value } from './results.js';

// A program that connects as LINK_CONFIG says, forwards a port to the port TUNNEL_TO of the server's loopback, and says what
// becomes of the link, a line of JSON each, until it is killed. Stopped, it is to its server what a laptop is that sleeps.

const say = (what: unknown): void => {
  console.log(JSON.stringify(what));
};
const config = JSON.parse(process.env['LINK_CONFIG'] ?? '') as SshTargetConfig;
const link = new SshLink({
  config,
  prompter: accepting,
  hostKeys: new HostKeys(join(homedir(), '.ssh', 'known_hosts.own'), []),
});
value(await link.connect());
link.onState(({ state, message }) => {
  say({ state, message });
});
const port = Number(process.env['TUNNEL_TO']);
const tunnel = value(await Tunnel.open(link, { kind: 'tcp', host: '127.0.0.1', port }));
say({ port: tunnel.port });
