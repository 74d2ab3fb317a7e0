import { useCallback, type ReactElement } from 'react';
import type { Rename } from '../../../contract/matching.js';
import { useApp, useControls } from '../../app/workbench.js';
import { visibleText } from '../../format/visible-text.js';
import { forgetRename } from '../../state/renames-control.js';
import { IconButton } from '../../ui/button.js';
import { CheckField } from '../../ui/fields.js';
import { CloseIcon } from '../../ui/icons.js';
import { Modal } from '../../ui/modal.js';

/** What makes functions of A and B the same one, beside their names: type arguments, and renames that were told. */
export function NamesDialog(): ReactElement {
  const { store } = useControls();
  const ignored = useApp((state) => state.ignoreTypeArguments);
  const renames = useApp((state) => state.renames);
  const ignore = useCallback(
    (ignoreTypeArguments: boolean) => {
      store.setState({ ignoreTypeArguments });
    },
    [store],
  );
  const close = useCallback(() => {
    store.setState({ dialog: null });
  }, [store]);
  return (
    <Modal
      title="The same function in A and B"
      subtitle="Of the same name and file. Hashes, numbers of lambdas, addresses and versions of libraries are no difference."
      confirm="Close"
      cancel=""
      onConfirm={close}
      onCancel={close}
    >
      <CheckField label="f<int> and f<long> are one function" checked={ignored} onChange={ignore} />
      <div className="field">
        <span className="field-label">Renames</span>
        {renames.length === 0 ? (
          <p className="field-hint">None was told yet: right-click a new or gone frame to tell its other name.</p>
        ) : (
          <ul aria-label="Renames" className="told-renames scroll">
            {renames.map((rename) => (
              <ToldRename key={JSON.stringify(rename)} rename={rename} />
            ))}
          </ul>
        )}
      </div>
    </Modal>
  );
}

function ToldRename({ rename }: { readonly rename: Rename }): ReactElement {
  const controls = useControls();
  const forget = useCallback(() => {
    void forgetRename(controls, rename); // shows its own failure
  }, [controls, rename]);
  const [from, to] = [visibleText(rename.from.name), visibleText(rename.to.name)];
  const places = [rename.from.file, rename.to.file].map(visibleText).filter((file) => file !== '');
  return (
    <li title={[`${from} → ${to}`, ...places].join('\n')}>
      <span className="clip">
        {from} → {to}
      </span>
      <IconButton label={`Forget that ${from} is ${to}`} onClick={forget}>
        <CloseIcon />
      </IconButton>
    </li>
  );
}
