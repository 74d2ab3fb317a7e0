/**
 * The system packages that parts of the project need, under Debian's names, each with its reason. Later systems rename
 * some (libasound2 became libasound2t64); apt knows who provides the old name.
 *
 * @typedef {object} SystemPackage
 * @property {string} name
 * @property {string} reason shown before anything is installed
 * @property {readonly string[]} [programs] any of these on the machine will do, whoever installed it
 * @property {boolean} [unpack] where it cannot be installed without an upgrade, unpacking it for the tests is enough
 */

/** @typedef {'run' | 'native' | 'display' | 'test' | 'nightly' | 'generate'} PackageGroup */

/** @type {Readonly<Record<PackageGroup, { title: string, packages: readonly SystemPackage[] }>>} */
export const packageGroups = {
  run: {
    title: 'libraries that the window is linked with',
    packages: [
      { name: 'libgtk-3-0', reason: 'windows, menus and file dialogs' },
      { name: 'libnss3', reason: 'certificates and encryption in Chromium' },
      { name: 'libasound2', reason: 'Chromium is linked with it; no sound is played' },
      { name: 'libgbm1', reason: 'graphics buffers' },
      { name: 'libdrm2', reason: 'graphics buffers' },
      { name: 'libatk-bridge2.0-0', reason: 'screen readers' },
      { name: 'libcups2', reason: 'Chromium is linked with it; nothing is printed by itself' },
      { name: 'libxkbcommon0', reason: 'keyboard layouts' },
      { name: 'libxcomposite1', reason: 'windows under X11' },
      { name: 'libxdamage1', reason: 'windows under X11' },
      { name: 'libxrandr2', reason: 'screens under X11' },
      { name: 'libxss1', reason: 'idle time under X11' },
      { name: 'libxtst6', reason: 'input under X11' },
      { name: 'libsecret-1-0', reason: 'passwords kept by the desktop keyring' },
    ],
  },
  native: {
    title: 'for the C++ addon',
    packages: [{ name: 'libdeflate-dev', reason: 'unpacks profiles three times as fast as zlib; optional' }],
  },
  display: {
    title: 'for a window without a screen, in tests and benchmarks',
    packages: [
      { name: 'xvfb', reason: 'a display for the real window', programs: ['Xvfb'] },
      { name: 'xauth', reason: 'access to that display', programs: ['xauth'] },
    ],
  },
  test: {
    title: 'for the tests, which start their own servers on loopback',
    packages: [
      { name: 'docker.io', reason: 'a Docker engine of the tests, with services to profile', programs: ['dockerd'] },
      { name: 'iptables', reason: 'that engine sets its network up with it', programs: ['iptables'] },
      { name: 'iproute2', reason: 'network namespaces of the tests', programs: ['ip'] },
      { name: 'lldb', reason: 'gets memray into a running Python', programs: ['lldb'] },
      { name: 'musl-tools', reason: 'makes a Python as images with musl have it', programs: ['musl-gcc'] },
      { name: 'mmdebstrap', reason: 'makes the root file system of the container image', programs: ['mmdebstrap'] },
      { name: 'python3-pip', reason: 'fetches the packages of the demo services', programs: ['pip3', 'pip'] },
      { name: 'openssh-server', reason: 'a server of the tests to connect to', programs: ['sshd'], unpack: true },
      { name: 'openssh-client', reason: 'makes keys; the second kind of link', programs: ['ssh'] },
      { name: 'dwz', reason: 'moves debug information of test programs into a shared file', programs: ['dwz'] },
      { name: 'sudo', reason: "the test server's user starts the agent with it", programs: ['sudo'] },
      {
        name: 'prometheus',
        reason: 'counts work for comparisons, and checks the alert rules of the watch list',
        programs: ['prometheus'],
        unpack: true,
      },
      {
        name: 'chromium',
        reason: 'opens the shared HTML files',
        programs: ['chromium', 'google-chrome', 'chromium-browser'],
      },
    ],
  },
  nightly: {
    title: 'for the tests that run each night',
    packages: [
      {
        name: 'qemu-system-x86',
        reason: 'boots other kernels',
        programs: ['qemu-system-x86_64'],
      },
      {
        name: 'qemu-user-static',
        reason: 'runs the agent of arm64',
        programs: ['qemu-aarch64-static', 'qemu-aarch64'],
      },
    ],
  },
  generate: {
    title: 'for regenerating the BPF objects',
    packages: [
      {
        name: 'clang-14',
        reason: 'compiles BPF; pinned, so that objects are the same everywhere',
        programs: ['clang-14'],
      },
      { name: 'llvm-14', reason: 'strips BPF objects', programs: ['llvm-strip-14'] },
      { name: 'libbpf-dev', reason: 'headers of BPF helpers' },
    ],
  },
};

/**
 * @param {readonly PackageGroup[]} groups
 * @returns {SystemPackage[]}
 */
export function packagesOf(groups) {
  return groups.flatMap((group) => [...packageGroups[group].packages]);
}
