import { useCallback, useState, type ReactElement } from 'react';
import { parseComparisonLink } from '../../../contract/comparison-link.js';
import { useControls } from '../../app/workbench.js';
import { openLink } from '../../state/link-control.js';
import { TextField } from '../../ui/fields.js';
import { Modal } from '../../ui/modal.js';

/** Takes a link to a comparison, as somebody sent it. */
export function OpenLinkDialog(): ReactElement {
  const controls = useControls();
  const { store } = controls;
  const [text, setText] = useState('');
  const close = useCallback(() => {
    store.setState({ dialog: null });
  }, [store]);
  const read = parseComparisonLink(text.trim()) !== undefined;
  const open = (): void => {
    if (!read) return;
    close();
    openLink(controls, text);
  };
  return (
    <Modal
      title="Open a link"
      subtitle="To a comparison, as “Copy a link to the comparison” makes it. Its servers must be in your list."
      confirm="Open"
      confirmDisabled={!read}
      onConfirm={open}
      onCancel={close}
    >
      <TextField
        label="Link"
        value={text}
        onChange={setText}
        placeholder="pyrometer://compare?…"
        error={text.trim() === '' || read ? undefined : 'That is no link to a comparison.'}
        mono
        autoFocus
      />
    </Modal>
  );
}
