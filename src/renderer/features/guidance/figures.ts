import type { Certainty } from '../../../contract/certainty.js';
import type { Operation } from '../../../contract/operations.js';
import type { Selection } from '../../../contract/selection.js';
import { scalingWords } from '../../../core/compare/sentences.js';
import { changeBetween, formatShare, formatSignedShare, formatSignedValue, formatValue } from '../../format/numbers.js';
import { visibleText } from '../../format/visible-text.js';
import type { AppState } from '../../state/store.js';
import { currentTarget } from '../../state/targets-control.js';

/** A line of an explanation. */
export interface ExplainedLine {
  readonly label: string;
  readonly text: string;
  /** Set in the type of code. */
  readonly code?: true;
}

/** Makes a line of text that may be hostile. */
export function line(label: string, text: string): ExplainedLine {
  return { label, text: visibleText(text) };
}

/** The profile that a value was added up from, and what it was asked for by. */
export interface Origin {
  /** Of its sample type. */
  readonly unit: string;
  /** What one sample counts, 0 where the profile does not say. */
  readonly period: number;
  /** Name of the file or snapshot; of a selection its title. */
  readonly title: string;
  readonly format: string;
  /** Milliseconds that the profile says it spans, 0 when it does not. */
  readonly durationMs: number;
  /** What the profile was asked for by; null for one of a file or a snapshot. */
  readonly selection: Selection | null;
  readonly targetName: string;
  readonly operations: readonly Operation[];
}

/** A value that was added up from samples. */
export interface Measured {
  /** What it is a sum of: "this frame and all it calls". */
  readonly meaning: string;
  /** As it was measured, before sides were made comparable, in the unit of its origin. */
  readonly value: number;
  readonly origin: Origin;
}

/** A figure on the screen, and what it is made of. */
export interface Figure {
  /** What it is called where it stands: "total", "Self", "change". */
  readonly label: string;
  /** As it stands on the screen. */
  readonly shown: string;
  /** How it was computed from what was measured; nothing where it is just that. */
  readonly how?: readonly ExplainedLine[];
  /** One value, or A and B of what is computed from both; none where no samples are behind it. */
  readonly measured: readonly Measured[];
}

/** All figures of a row or place, and the one that is asked for. */
export interface FigureSet {
  /** What they are of: a function's name, a service, a time. For the screen. */
  readonly of: string;
  readonly figures: readonly Figure[];
  readonly chosen: number;
  /** Where they stand, CSS pixels of the window, where the element does not tell: in a picture. */
  readonly at?: { readonly xPx: number; readonly yPx: number } | undefined;
}

/** Where the values of a side of the view came from; undefined while there is no view. `untouched`: of the profile as it came. */
export function originOf(state: AppState, side: 0 | 1, untouched = false): Origin | undefined {
  const summary = state.viewSummaries[side];
  const profile = state.viewProfiles[side];
  const sampleType = state.viewHeader?.sampleType;
  if (summary === undefined || profile === undefined || sampleType === undefined) return undefined;
  const selection = state.viewSides[side] ?? null;
  const column = summary.sampleTypes.findIndex(
    ({ type, unit }) => type === sampleType.type && unit === sampleType.unit,
  );
  return {
    unit: sampleType.unit,
    period: summary.periods[column] ?? 0,
    title: profile.title,
    format: summary.format,
    durationMs: summary.durationMs,
    selection,
    targetName: nameOfTarget(state, selection),
    operations: untouched ? [] : (state.viewSource?.operations ?? []),
  };
}

function nameOfTarget(state: AppState, selection: Selection | null): string {
  const target = state.targets.find(({ config }) => config.id === selection?.targetId);
  return (target ?? currentTarget(state))?.config.name ?? '';
}

/** Where a value came from that a source was asked for beside the view, as for its timeline. */
export function originOfSelection(state: AppState, selection: Selection, unit: string): Origin {
  const [shown] = state.viewSides;
  const alike =
    shown != null &&
    shown.targetId === selection.targetId &&
    shown.source === selection.source &&
    shown.profileType === selection.profileType;
  const own = alike ? originOf(state, 0) : undefined;
  return {
    unit,
    // Samples of one source count the same, unless its rate was changed; where they differ the losses say how many there were.
    period: own?.unit === unit ? own.period : 0,
    title: '',
    format: '',
    durationMs: selection.endMs - selection.startMs,
    selection,
    targetName: nameOfTarget(state, selection),
    operations: [],
  };
}

/** What a value of a side was measured as; nothing while there is no view. A side that was scaled is given as it was measured. */
export function measuredOf(state: AppState, side: 0 | 1, value: number, meaning: string): readonly Measured[] {
  const origin = originOf(state, side);
  if (origin === undefined) return [];
  return [
    { meaning: `${meaning}${regionWords(state, side)}`, value: value / (side === 0 ? factorOf(state) : 1), origin },
  ];
}

/** Of which part of a recording a side is, where both are of the same one. */
function regionWords({ viewSource }: AppState, side: 0 | 1): string {
  if (viewSource?.kind !== 'diff' || viewSource.spans === undefined) return '';
  return side === 0 ? ', in the rest of the recording' : ', in what is brushed';
}

/** What A's values were multiplied by to be comparable with B's. */
function factorOf({ viewHeader }: AppState): number {
  return viewHeader?.scaling?.factor ?? 1;
}

/** A figure that was added up from samples of a side as it stands, and with its share where there is one to tell. */
export function sumFigure(state: AppState, { label, shown, side = 0, value, meaning, share }: SumFigure): Figure {
  const how = [
    ...(share === undefined || !(share.whole > 0)
      ? []
      : [line(share.label, `${formatShare(value / share.whole)} of ${formatValue(share.whole, unitOf(state))}`)]),
    ...(side === 0 ? scaledLines(state, value) : []),
  ];
  return { label, shown, ...(how.length === 0 ? {} : { how }), measured: measuredOf(state, side, value, meaning) };
}

/** What a figure is a sum of. */
export interface SumFigure {
  readonly label: string;
  readonly shown: string;
  /** Of a comparison; 0 is A. */
  readonly side?: 0 | 1;
  /** As the view has it: A's values of a comparison are scaled. */
  readonly value: number;
  readonly meaning: string;
  /** Which share of what it is. */
  readonly share?: { readonly label: string; readonly whole: number };
}

/** What a profile of the view measured in all, as it came: "total" of the only one, "A" or "B" of two. Undefined: there is no such. */
export function totalFigure(state: AppState, label: string): Figure | undefined {
  const side = label === 'B' ? 1 : 0;
  if ((label === 'total') !== (state.viewSummaries.length === 1)) return undefined;
  const origin = originOf(state, side, true);
  const value = state.viewSummaries[side]?.totals[state.viewSource?.valueIndex ?? 0] ?? 0;
  if (origin === undefined || !['total', 'A', 'B'].includes(label)) return undefined;
  return { label, shown: formatValue(value, origin.unit), measured: [{ meaning: 'all samples', value, origin }] };
}

function unitOf({ viewHeader }: AppState): string {
  return viewHeader?.sampleType.unit ?? '';
}

/** How a value of A became what is shown. */
function scaledLines(state: AppState, value: number): readonly ExplainedLine[] {
  const { viewHeader, scale } = state;
  const { scaling } = viewHeader ?? {};
  if (viewHeader === null || scaling === undefined || scaling.factor === 1) return [];
  const why = scalingWords(scaling, scale.by === 'auto', viewHeader.sampleType.type);
  const times = `${formatValue(value / scaling.factor, unitOf(state))} times ${scaling.factor.toPrecision(3)}`;
  return [line('A is', `${times}, to be comparable with B`), line('because', why)];
}

/** What changes were judged by. */
export type Evidence = Pick<Certainty, 'windows' | 'history'>;

/** What windows say of a change. */
export interface JudgedChange {
  /** 0 too few samples, 1 not certain, 2 certain. */
  readonly state: number;
  /** Half of the 95 % interval, in the view's unit; undefined where there are too few samples. */
  readonly margin: number | undefined;
  readonly by: Evidence | undefined;
}

/** A change between the sides of the view. */
export interface ChangeFigure {
  readonly label: string;
  readonly shown: string;
  /** As the view has it: scaled. */
  readonly before: number;
  readonly after: number;
  readonly meaning: string;
  /** Undefined where nothing was judged yet; "never" of what windows are not asked about: lines, and what functions do themselves. */
  readonly judged: JudgedChange | 'never' | undefined;
}

/** B less A, how certain that is and by what it was judged, and what both sides were measured as. */
export function changeFigure(state: AppState, figure: ChangeFigure): Figure {
  const { label, shown, before, after, meaning, judged } = figure;
  const unit = unitOf(state);
  const change = changeBetween(before, after);
  const share =
    before === 0
      ? after === 0
        ? 'nothing on either side'
        : 'new: A has nothing of it'
      : after === 0
        ? 'gone: B has nothing of it'
        : `${formatSignedShare(change / before)} of A`;
  const less = `${formatValue(after, unit)} less ${formatValue(before, unit)}`;
  return {
    label,
    shown,
    how: [
      line('B less A', `${less} is ${formatSignedValue(change, unit)}; more in B is +`),
      line('that is', share),
      ...judgedLines(state, judged, change, unit),
      ...scaledLines(state, before),
    ],
    measured: [...measuredOf(state, 0, before, meaning), ...measuredOf(state, 1, after, meaning)],
  };
}

function judgedLines(
  state: AppState,
  judged: ChangeFigure['judged'],
  change: number,
  unit: string,
): readonly ExplainedLine[] {
  if (judged === undefined) return [line('certain', unjudgedWords(state))];
  if (judged === 'never') return [line('certain', 'not judged: only totals of functions are')];
  const { margin } = judged;
  const lines = judged.by === undefined ? [] : [line('judged by', evidenceWords(judged.by))];
  if (margin === undefined) return [line('certain', 'too few samples to judge'), ...lines];
  const interval = `${formatSignedValue(change - margin, unit)} to ${formatSignedValue(change + margin, unit)}`;
  return [line('95 %', interval), line('certain', certainWords(judged.state, Math.abs(change) > margin)), ...lines];
}

const tooFewWindows = 'no: the windows are too few, or too alike, to call anything certain';

function evidenceWords({ windows, history }: Evidence): string {
  const pairs = history?.used === true ? `, and ${history.pairs} earlier pairs of ranges` : '';
  return `${windows[0]} windows of A and ${windows[1]} of B${pairs}`;
}

function certainWords(state: number, withoutZero: boolean): string {
  if (state === 2) return 'yes: no change at all lies outside of these 95 %';
  if (withoutZero) return tooFewWindows;
  return 'no: no change at all lies in these 95 %';
}

/** Why nothing is said of a change. */
function unjudgedWords({ certainty }: AppState): string {
  switch (certainty.phase) {
    case 'idle':
    case 'loading':
      return 'not judged yet';
    case 'without-windows':
      return 'not judged: there are no windows to judge it by';
    case 'cost':
      return 'not judged: nobody asked the source for its windows';
    case 'failed':
      return `not judged: ${certainty.failure.message}`;
    case 'ready':
      return tooFewWindows;
  }
}
