import type { Verification } from '../../contract/verify.js';
import { agreementOf, type Agreement, type Seen, type SeenFrame } from '../../core/compare/agreement.js';

const file = '/srv/shop/orders/views.py';

function seen(shares: Readonly<Record<string, number>>, samples: number): Seen {
  const frame = (name: string): SeenFrame => ({ name, file, line: 10 + name.length });
  return {
    stacks: Object.entries(shares).map(([stack, part]) => ({
      frames: stack.split(';').map(frame),
      samples: Math.round(part * samples),
    })),
    without: 0,
    coresPerSample: 1 / 1940,
  };
}

/** What a run of py-spy beside the agent might find. */
export function inventVerification(verdict: Agreement['verdict'], hostile: boolean): Verification {
  const name = hostile ? 'x\u202Egnp.exe\u0000<b>' : 'serialize_price_rules_of_every_line_item';
  const samples = verdict === 'too-few' ? 61 : 1931;
  const agent = seen({ 'handle;checkout_view': 0.31, [`handle;${name}`]: 0.46, 'handle;render': 0.23 }, samples);
  const more = verdict === 'differs' ? 0.14 : 0.006;
  const shares = { 'handle;checkout_view': 0.31 - more, [`handle;${name}`]: 0.46 + more, 'handle;render': 0.23 };
  return {
    agreement: agreementOf(agent, seen(shares, samples + 12), 20),
    seconds: 20.1,
    lookedAt: ['revel_web'],
    notes: verdict === 'differs' ? ['Py-spy could not read 3 stacks.'] : [],
  };
}
