import { findAgentBinary } from '../agent-resources.js';
import { fine, refused, warning, type Probe } from './probe.js';

export const architecture: Probe = {
  script: 'say system "$(uname -s)"; say machine "$(uname -m)"',
  judge: async (said, { resourcesDir }) => {
    const found = `${said.one('system')} ${said.one('machine')}`.trim();
    if (said.one('system') !== 'Linux') {
      return refused(found, 'The agent runs on Linux only: profile a service there by py-spy, or another server.');
    }
    const binary = await findAgentBinary(resourcesDir, said.one('machine'));
    return binary.ok ? fine(found) : refused(found, binary.failure.message);
  },
};

/** BPF ring buffers came with 5.8; distributions carry them back, so an older number forbids nothing by itself. */
export const kernel: Probe = {
  script: 'say kernel "$(uname -r)"',
  judge: (said) => {
    const found = said.one('kernel');
    const numbers = /^(\d+)\.(\d+)/.exec(found);
    if (/microsoft/i.test(found)) {
      return warning(found, 'This is WSL2: only what runs in its virtual machine is seen, and nothing of Windows.');
    }
    const [major, minor] = [Number(numbers?.[1] ?? 0), Number(numbers?.[2] ?? 0)];
    if (major > 5 || (major === 5 && minor >= 8)) return fine(found);
    return warning(
      found,
      'The agent needs BPF ring buffers, which came with Linux 5.8: unless this kernel carries them back, which the agent finds out when it starts, use a newer one.',
    );
  },
};

export const btf: Probe = {
  script: '[ -r /sys/kernel/btf/vmlinux ] && say btf yes',
  judge: (said) =>
    said.one('btf') === 'yes'
      ? fine('/sys/kernel/btf/vmlinux')
      : refused(
          'no /sys/kernel/btf/vmlinux',
          "The kernel does not describe its types, which the agent's eBPF needs: use one built with CONFIG_DEBUG_INFO_BTF, as the distributions' kernels since 2020 are.",
        ),
};

export const lockdown: Probe = {
  script: 'f=/sys/kernel/security/lockdown; [ -r "$f" ] && say lockdown "$(cat "$f")"',
  judge: (said) => {
    const chosen = /\[(\w+)\]/.exec(said.one('lockdown'))?.[1];
    if (chosen === 'confidentiality') {
      return refused(
        chosen,
        'The kernel forbids BPF programs to read memory: boot with lockdown=integrity, or with Secure Boot off.',
      );
    }
    return fine(chosen ?? 'not told by the kernel');
  },
};

export const tracefs: Probe = {
  script: `
while read -r device at type rest; do [ "$type" = tracefs ] && say mount "$at"; done < /proc/mounts
[ -d /sys/kernel/tracing ] || [ -d /sys/kernel/debug/tracing ] && say folder yes`,
  judge: (said) => {
    const at = said.all('mount').find((mount) => /^\/sys\/kernel\/(debug\/)?tracing$/.test(mount));
    if (at !== undefined) return fine(`tracefs at ${at}`);
    if (said.one('folder') === 'yes') {
      return fine('tracefs is not mounted; the agent mounts it on /sys/kernel/tracing when it starts');
    }
    return refused(
      'no /sys/kernel/tracing',
      'The kernel has no tracepoints, by which the unwinder learns of ended processes: use one with CONFIG_FTRACE.',
    );
  },
};

/** PROC_PID_INIT_INO of include/linux/proc_ns.h, the same number since Linux 3.8. */
const initialPidNamespace = 'pid:[4026531836]';

export const pidNamespace: Probe = {
  script: 'say pid "$(readlink /proc/self/ns/pid)"',
  judge: (said) => {
    const found = said.one('pid');
    if (found === initialPidNamespace) return fine("the machine's own");
    if (found === '') return fine('not told by the kernel');
    return refused(
      `${found}, not the machine's own`,
      'This login is in a container (or in WSL2), where eBPF sees other process numbers than the agent does: connect to the host itself, or start the container with --pid=host.',
    );
  },
};
