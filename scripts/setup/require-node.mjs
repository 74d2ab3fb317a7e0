/** The oldest Node that the scripts and the tools behind them run on; `engines` in package.json says the same. */
const oldest = [20, 19];

/** @param {string} version such as 20.19.0 */
export function isSupportedNode(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > (oldest[0] ?? 0) || (major === oldest[0] && minor >= (oldest[1] ?? 0));
}

// Imported before anything that an older Node would stumble over with a message that helps nobody.
if (!isSupportedNode(process.versions.node)) {
  console.error(
    `Pyrometer needs Node ${oldest.join('.')} or newer; this is ${process.versions.node} (https://nodejs.org).`,
  );
  process.exit(1);
}
