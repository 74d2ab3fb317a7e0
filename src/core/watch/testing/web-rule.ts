import type { ExportedRule } from '../prometheus-rules.js';

/** A service of an agent that is to use half a core at most. */
export const webRule: ExportedRule = {
  service: 'web',
  measure: 'cores',
  most: 0.5,
  source: 'agent',
  selector: '{service_name="web"}',
  target: 'web-1',
  hostname: 'web-1.example',
};
