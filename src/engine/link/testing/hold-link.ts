import { join } from 'node:path';
import { homedir } from 'node:os';
import type { SshTargetConfig } from '../../../contract/target.js';
import { HostKeys } from '../host-keys.js';
import { SshLink } from '../ssh-link.js';
import { accepting, value } from './results.js';

// A program that connects as LINK_CONFIG says, runs a command, and stays until it is killed.

const known = join(homedir(), '.ssh', 'known_hosts');
const config = JSON.parse(process.env['LINK_CONFIG'] ?? '') as SshTargetConfig;
const link = new SshLink({ config, prompter: accepting, hostKeys: new HostKeys(`${known}.own`, [known]) });
value(await link.connect());
value(await link.spawn(['sleep', '1000']));
console.log('connected');
setInterval(() => undefined, 1000);
