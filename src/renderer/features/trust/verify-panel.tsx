import { useCallback, type ReactElement } from 'react';
import { verifySeconds, type Verification, type VerifyProgress } from '../../../contract/verify.js';
import { partName, partWords, points, verdictNotes, verdictSentence } from '../../../core/compare/agreement-words.js';
import type { AgreementRow } from '../../../core/compare/agreement.js';
import { useApp, useWorkbench } from '../../app/workbench.js';
import { formatShare } from '../../format/numbers.js';
import { formatMoment } from '../../format/times.js';
import { visibleText } from '../../format/visible-text.js';
import { Button } from '../../ui/button.js';
import { FailureNotice } from '../../ui/failure-notice.js';

const rowsShown = 12;

/** Whether the agent sees a Python service as py-spy does. Shown where Python was sampled in one service. */
export function VerifyPanel(): ReactElement | null {
  const { verify: control, context } = useWorkbench();
  const service = useApp((state) => state.serviceName);
  const targetId = useApp((state) => state.targetId);
  const python = useApp((state) => state.trust?.runtimes.some(({ name }) => name === 'Python') === true);
  const verify = useApp((state) => state.verify);
  const start = useCallback(() => {
    if (targetId !== null && service !== null) void control.start({ targetId, service }); // keeps its failure in the state
  }, [control, targetId, service]);
  const cancel = useCallback(() => {
    control.cancel();
  }, [control]);
  if (targetId === null || service === null || !python) return null;
  const own = verify.phase !== 'idle' && verify.targetId === targetId && verify.service === service ? verify : null;
  if (own?.phase === 'running') return <Running progress={own.progress} onCancel={cancel} />;
  return (
    <div className="verify">
      {own?.phase === 'failed' ? <FailureNotice failure={own.failure} /> : null}
      {own?.phase === 'done' ? (
        <Verdict verification={own.verification} when={formatMoment(own.atMs, context.clock(), true)} />
      ) : null}
      <Button
        onClick={start}
        title={`Runs py-spy beside the agent for ${verifySeconds} s and compares what the two see. Py-spy stops the processes for a moment at each sample.`}
      >
        {own === null ? 'Verify with py-spy' : 'Verify again'}
      </Button>
    </div>
  );
}

interface RunningProps {
  readonly progress: VerifyProgress | null;
  readonly onCancel: () => void;
}

function Running({ progress, onCancel }: RunningProps): ReactElement {
  const sampling = progress?.step === 'sampling';
  return (
    <div className="verify" role="status">
      <div className="changes-progress">
        {sampling ? (
          <progress max={progress.of} value={progress.seconds} aria-label="Verifying" />
        ) : (
          <progress aria-label="Verifying" />
        )}
        <span className="mute">
          {sampling ? `${Math.floor(progress.seconds)} of ${progress.of} s` : stepWords(progress)}
        </span>
        <Button tone="quiet" onClick={onCancel}>
          Cancel
        </Button>
      </div>
    </div>
  );
}

function stepWords(progress: VerifyProgress | null): string {
  return progress?.step === 'comparing' ? 'Comparing' : 'Preparing py-spy';
}

function Verdict({ verification, when }: { readonly verification: Verification; readonly when: string }): ReactElement {
  const { agreement, notes, lookedAt, seconds } = verification;
  const tone = agreement.verdict === 'agrees' ? 'ok' : agreement.verdict === 'differs' ? 'warn' : 'none';
  const differing = agreement.rows.filter(({ differs }) => differs);
  const rows = (differing.length > 0 ? differing : agreement.rows).slice(0, rowsShown);
  return (
    <>
      <p className="verify-verdict selectable" role="status">
        <span className={`verdict ${tone}`} aria-hidden="true" />
        {visibleText(verdictSentence(agreement))}
      </p>
      {rows.length === 0 ? null : (
        <table className="numbers verify-rows" aria-label="Agent and py-spy">
          <thead>
            <tr>
              <td />
              <th scope="col">agent</th>
              <th scope="col">py-spy</th>
              <th scope="col" title="So far apart they may lie by chance">
                ±
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <Part key={`${row.part} ${row.file} ${partName(row)}`} row={row} />
            ))}
          </tbody>
        </table>
      )}
      {differing.length > rowsShown ? (
        <p className="details-hint">{differing.length - rowsShown} more differ.</p>
      ) : null}
      <ul className="verify-notes selectable">
        {[...verdictNotes(agreement), ...notes].map((note) => (
          <li key={note}>{visibleText(note)}</li>
        ))}
        <li>
          {visibleText(lookedAt.join(', '))}, {seconds.toFixed(0)} s, {when}
        </li>
      </ul>
    </>
  );
}

function Part({ row }: { readonly row: AgreementRow }): ReactElement {
  const name = visibleText(partName(row));
  return (
    <tr className={row.differs ? 'differs' : undefined}>
      <th scope="row" title={visibleText(`${partName(row)}\n${row.file}\n${partWords[row.part]}`)}>
        <span className="verify-name">{name}</span>
        <span className="verify-part">{partWords[row.part]}</span>
      </th>
      <td>{formatShare(row.agent)}</td>
      <td>{formatShare(row.pyspy)}</td>
      <td className="mute">{points(row.margin).split('\u00a0')[0]}</td>
    </tr>
  );
}
