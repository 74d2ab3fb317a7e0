import { useCallback, useEffect, useId, useRef, type ReactElement, type ReactNode, type SyntheticEvent } from 'react';
import { Button } from './button.js';

interface ModalProps {
  readonly title: string;
  readonly subtitle?: ReactNode;
  readonly confirm: string;
  readonly confirmTone?: 'accent' | 'danger';
  readonly confirmDisabled?: boolean;
  readonly busy?: boolean;
  readonly cancel?: string;
  /** Stands left of the buttons. */
  readonly aside?: ReactNode;
  /** There is only reading in it: it has the focus itself, so that arrow keys scroll it where it is long. */
  readonly reads?: boolean;
  readonly onConfirm: () => void;
  readonly onCancel: () => void;
  readonly children?: ReactNode;
}

/** A question that must be answered before anything else: the rest of the window is inert while it is open. */
export function Modal(props: ModalProps): ReactElement {
  const { title, subtitle, confirm, confirmTone = 'accent', cancel = 'Cancel', onConfirm, onCancel } = props;
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => {
      element?.close();
    };
  }, []);
  const submit = useCallback(
    (event: SyntheticEvent) => {
      event.preventDefault();
      onConfirm();
    },
    [onConfirm],
  );
  const onEscape = useCallback(
    (event: SyntheticEvent) => {
      event.preventDefault();
      onCancel();
    },
    [onCancel],
  );
  return (
    <dialog className="modal" ref={dialog} aria-labelledby={titleId} onCancel={onEscape}>
      <form className="modal-form" onSubmit={submit} noValidate>
        <header className="modal-head">
          <h2 id={titleId}>{title}</h2>
          {subtitle === undefined ? null : <p>{subtitle}</p>}
        </header>
        <div
          className="modal-body scroll"
          {...(props.reads === true ? { tabIndex: 0, role: 'group', 'aria-labelledby': titleId } : {})}
        >
          {props.children}
        </div>
        <footer className="modal-foot">
          <div className="push">{props.aside}</div>
          {cancel === '' ? null : (
            <Button tone="quiet" onClick={onCancel}>
              {cancel}
            </Button>
          )}
          <Button type="submit" tone={confirmTone} busy={props.busy === true} disabled={props.confirmDisabled === true}>
            {confirm}
          </Button>
        </footer>
      </form>
    </dialog>
  );
}
