/**
 * How a command can be run as root: already root, sudo or doas that ask for nothing, sudo with a password, doas with one
 * (which only a terminal may answer), or not at all.
 */
export type Rights = 'root' | 'sudo' | 'doas' | 'sudo-password' | 'doas-password' | 'none';

const all: readonly Rights[] = ['root', 'sudo', 'doas', 'sudo-password', 'doas-password', 'none'];

/** Says `rights`; needs a function say. "-n" asks nothing: it fails where a password is needed. */
export const rightsScript = `
if [ "$(id -u)" = 0 ]; then rights=root
elif command -v sudo >/dev/null 2>&1 && sudo -n true >/dev/null 2>&1; then rights=sudo
elif command -v doas >/dev/null 2>&1 && doas -n true >/dev/null 2>&1; then rights=doas
elif command -v sudo >/dev/null 2>&1; then rights=sudo-password
elif command -v doas >/dev/null 2>&1; then rights=doas-password
else rights=none; fi
say rights "$rights"
`;

/** What the script said. */
export function rightsOf(text: string | undefined): Rights {
  return all.find((rights) => rights === text) ?? 'none';
}

/** Whether commands run as root without asking anybody. */
export function isRootFree(rights: Rights): boolean {
  return rights === 'root' || rights === 'sudo' || rights === 'doas';
}

/** Why a doas that wants a password cannot be used, and what mends it. */
export function doasNeedsTerminal(user: string): string {
  return `doas reads passwords from a terminal only, and there is none: add the line "permit nopass ${user}" to /etc/doas.conf, or give "${user}" sudo.`;
}
