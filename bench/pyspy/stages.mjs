import { pyspyStage } from '../../scripts/setup/pyspy.mjs';

/** py-spy, which is ours to run here. */
export const stages = () => [pyspyStage()];
