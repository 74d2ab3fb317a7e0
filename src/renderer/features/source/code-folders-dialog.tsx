import { useCallback, useState, type ChangeEvent, type KeyboardEvent, type ReactElement } from 'react';
import type { CodeFolder } from '../../../contract/code.js';
import { useApp, useControls } from '../../app/workbench.js';
import { visibleText } from '../../format/visible-text.js';
import { chooseCodeFolder, forgetCodeFolder, setCodePrefix } from '../../state/code-control.js';
import { Button, IconButton } from '../../ui/button.js';
import { TextField } from '../../ui/fields.js';
import { CloseIcon } from '../../ui/icons.js';
import { Modal } from '../../ui/modal.js';

/** Folders of this computer in which source files are looked for, and the paths that they stand for. */
export function CodeFoldersDialog(): ReactElement {
  const controls = useControls();
  const folders = useApp((state) => state.codeFolders);
  const [prefix, setPrefix] = useState('');
  const { store } = controls;
  const close = useCallback(() => {
    store.setState({ dialog: null });
  }, [store]);
  const add = useCallback(() => {
    const run = async (): Promise<void> => {
      await chooseCodeFolder(controls, prefix);
      setPrefix('');
    };
    void run(); // shows its own failure
  }, [controls, prefix]);
  return (
    <Modal
      title="Where source files lie"
      subtitle="The longest beginning of a path wins. Only these folders are read, and nothing in them is changed."
      confirm="Close"
      cancel=""
      onConfirm={close}
      onCancel={close}
    >
      {folders.length === 0 ? (
        <p className="field-hint">
          No folder was chosen yet. Files are read where they ran, as long as that can be reached.
        </p>
      ) : (
        <ul className="code-folders" aria-label="Folders">
          {folders.map((folder) => (
            <Folder key={`${folder.folderId} ${folder.prefix}`} folder={folder} />
          ))}
        </ul>
      )}
      <TextField
        label="Paths that begin with"
        value={prefix}
        onChange={setPrefix}
        placeholder="/app"
        mono
        hint="Left empty, the folder is a clone: files are read from it at the revision that the image’s labels name."
      />
      <div>
        <Button onClick={add}>{prefix.trim() === '' ? 'Choose a clone…' : 'Choose its folder…'}</Button>
      </div>
    </Modal>
  );
}

function Folder({ folder: { folderId, folder, prefix } }: { readonly folder: CodeFolder }): ReactElement {
  const controls = useControls();
  const [text, setText] = useState(prefix);
  const shown = visibleText(folder);
  const change = useCallback((event: ChangeEvent<HTMLInputElement>) => {
    setText(event.target.value);
  }, []);
  const save = useCallback(() => {
    if (text.trim() !== prefix) void setCodePrefix(controls, folderId, text); // shows its own failure
  }, [controls, folderId, text, prefix]);
  const onKeyDown = useCallback(
    (event: KeyboardEvent<HTMLInputElement>) => {
      if (event.key !== 'Enter') return;
      event.preventDefault(); // it would close the dialog
      save();
    },
    [save],
  );
  const forget = useCallback(() => {
    void forgetCodeFolder(controls, folderId); // as above
  }, [controls, folderId]);
  return (
    <li>
      <input
        className="input mono"
        value={text}
        onChange={change}
        onBlur={save}
        onKeyDown={onKeyDown}
        placeholder="a clone"
        aria-label={`Beginning of paths that lie in ${shown}`}
        autoComplete="off"
        spellCheck={false}
      />
      <span aria-hidden="true">→</span>
      <span className="source-path clip selectable" title={shown}>
        {shown}
      </span>
      <IconButton label={`Forget ${shown}`} onClick={forget}>
        <CloseIcon />
      </IconButton>
    </li>
  );
}
