import type { ButtonHTMLAttributes, ReactElement, ReactNode } from 'react';
import { Spinner } from './icons.js';

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  readonly tone?: 'plain' | 'accent' | 'danger' | 'quiet';
  readonly large?: boolean;
  /** Shows that the press is being carried out and takes no second one. */
  readonly busy?: boolean;
  readonly children: ReactNode;
}

/** A push button. */
export function Button(props: ButtonProps): ReactElement {
  const { tone = 'plain', large = false, busy = false, disabled, children, className, ...rest } = props;
  const classes = ['button', tone, large ? 'large' : '', className ?? ''].filter((name) => name !== '').join(' ');
  return (
    <button type="button" {...rest} className={classes} disabled={disabled === true || busy} aria-busy={busy}>
      {busy ? <Spinner /> : null}
      {children}
    </button>
  );
}

interface IconButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  /** The accessible name. */
  readonly label: string;
  /** The tooltip; absent: the name. */
  readonly tip?: string;
  readonly children: ReactNode;
}

/** A button that is an icon. */
export function IconButton({ label, tip = label, children, className, ...rest }: IconButtonProps): ReactElement {
  return (
    <button
      type="button"
      {...rest}
      className={className === undefined ? 'icon-button' : `icon-button ${className}`}
      aria-label={label}
      title={tip}
    >
      {children}
    </button>
  );
}
