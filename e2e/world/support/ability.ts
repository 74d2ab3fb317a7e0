import type { TestContext } from 'vitest';

/**
 * Skips the running test for a reason that lies in the machine ("eBPF: kernel 4.19 is too old"); with CI set it fails
 * instead. Does nothing when there is no reason.
 */
export function needs(context: TestContext, whyNot: string | undefined): void {
  if (whyNot === undefined) return;
  if (process.env['CI']) throw new Error(`with CI set nothing is skipped: ${whyNot}`);
  process.stderr.write(`skipped: ${context.task.name}: ${whyNot}\n`);
  context.skip(whyNot);
}
