import type { ReactElement, ReactNode } from 'react';
import { Segments } from '../../ui/fields.js';

/** What a server wants to know of who asks it. */
export const loginKinds = ['none', 'basic', 'bearer'] as const;
export type LoginKind = (typeof loginKinds)[number];

const labels = { none: 'Nothing', basic: 'User and password', bearer: 'Token' } as const;

/** Chooses what a server wants to know. `children`: when that is asked for and where it is kept, where it is anything. */
export function LoginKindField({
  value,
  onChoose,
  children,
}: {
  readonly value: LoginKind;
  readonly onChoose: (kind: LoginKind) => void;
  readonly children: ReactNode;
}): ReactElement {
  return (
    <div className="field">
      <span className="field-label">It wants to know</span>
      <Segments label="It wants to know" values={loginKinds} labels={labels} value={value} onChoose={onChoose} wide />
      {value === 'none' ? null : <p className="field-hint">{children}</p>}
    </div>
  );
}
