import { join } from 'node:path';
import { homedir } from 'node:os';
import type { SshTargetConfig } from '../../../contract/target.js';
import { AgentCarrier } from '../../deploy/carry/agent-carrier.js';
import { HostKeys } from '../host-keys.js';
import { SshLink } from '../ssh-link.js';
import { accepting, value } from './results.js';

// A program that connects as LINK_CONFIG says, by one session of ssh where it is told of LINK_RESOURCES, runs a command, and stays until
// it is killed.

const known = join(homedir(), '.ssh', 'known_hosts');
const config = JSON.parse(process.env['LINK_CONFIG'] ?? '') as SshTargetConfig;
const resourcesDir = process.env['LINK_RESOURCES'];
const link = new SshLink({
  config,
  prompter: accepting,
  hostKeys: new HostKeys(`${known}.own`, [known]),
  ...(resourcesDir === undefined ? {} : { sshShares: false, carrier: new AgentCarrier({ resourcesDir }) }),
});
value(await link.connect());
value(await link.spawn(['sleep', '1000']));
console.log('connected');
setInterval(() => undefined, 1000);
