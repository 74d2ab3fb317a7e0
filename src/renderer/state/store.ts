import { create, type StoreApi, type UseBoundStore } from 'zustand';
import {
  cpuProfileType,
  type Baseline,
  type Selection,
  type SourceKind,
  type ViewState,
} from '../../contract/selection.js';
import type { FlameHeader, FrameWidth, ProfileSummary, Scale, ViewSource } from '../../contract/decoder.js';
import type { Prompt, ServiceRow, SnapshotRow, SpooledProfile, Turnovers } from '../../contract/links.js';
import type { CodeFolder } from '../../contract/code.js';
import { defaultPySpyOptions, type PySpyOptions } from '../../contract/pyspy.js';
import type { Rename } from '../../contract/matching.js';
import type { LabelKey, Operation } from '../../contract/operations.js';
import type { FunctionName } from '../../core/compare/function-keys.js';
import type { Theme } from '../../core/flame/colours.js';
import type { SearchMode } from '../../core/flame/match-names.js';
import type { Failure } from '../../contract/result.js';
import type { RecentFile } from '../../contract/shell.js';
import { defaultSettings, type Settings } from '../../contract/settings.js';
import type { ServerDraft, TargetState } from '../../contract/target.js';
import type { Trust } from '../../contract/trust.js';
import type { TunnelState } from '../../contract/tunnels.js';
import type { WatchState } from '../../contract/watching.js';
import type { WorkCounter } from '../../contract/work-counter.js';
import type { CertaintyState } from './certainty-control.js';
import type { EarlierState } from './earlier-windows.js';
import type { Learning } from './learning.js';
import type { MomentsState } from './moments-control.js';
import type { Preset, TimeRange } from './time-range.js';
import type { VerifyState } from './verify-control.js';

export type Tab = ViewState['tab'];

/** What there is beside the view that has the focus. */
export interface Split {
  /** The view of the other pane, never the same. */
  readonly other: Tab;
  /** The pane that has the focus. */
  readonly focus: 'left' | 'right';
}

/** How far something that is asked for has come. */
export type Phase = 'idle' | 'loading' | 'ready' | 'failed';

/** Targets, and questions that wait for an answer. */
export interface TargetsSlice {
  readonly targets: readonly TargetState[];
  readonly targetsPhase: Phase;
  readonly prompts: readonly Prompt[];
  /** By the id of their target. */
  readonly tunnels: Readonly<Record<string, readonly TunnelState[]>>;
  /** How py-spy records where it is the engine. */
  readonly pyspyOptions: PySpyOptions;
  /** The one process of a service that is to be recorded; null: all of them. */
  readonly pyspyProcess: { readonly service: string; readonly pid: number } | null;
  /** Buttons that were pressed and not yet answered: "link.connect web-1". */
  readonly pending: readonly string[];
  /** Targets whose agent is not this app's, and whose user was told. */
  readonly versionsPutOff: readonly string[];
}

/** What is asked for: source, service, profile type and ranges. */
export interface SelectionSlice {
  readonly targetId: string | null;
  readonly source: SourceKind;
  /** The selector of the chosen service; null: all services. */
  readonly selector: string | null;
  /** The chosen service's name, for headings; null: all services. */
  readonly serviceName: string | null;
  readonly profileType: string;
  readonly preset: Preset;
  /** How much the timeline shows up to its end where it was zoomed; null: as the preset says. */
  readonly spanMs: number | null;
  /** Where the timeline ends. Live moves it on. */
  readonly extentEndMs: number;
  /** Where the source's data begin, once asked for; null before. */
  readonly earliestMs: number | null;
  readonly live: boolean;
  /** The chosen range, or A of a comparison; null: all of the timeline. */
  readonly range: TimeRange | null;
  /** B of a comparison; null: no comparison. */
  readonly comparison: TimeRange | null;
  /** What A is where it is not the selection in another time; null otherwise. */
  readonly baseline: Baseline | null;
  readonly scale: Scale;
  /** What work was counted by last. */
  readonly workCounter: WorkCounter | null;
  /** Whether the work of the scale was read by it, and not said by hand. */
  readonly workCounted: boolean;
  /** What the frames of a diff are as wide as. */
  readonly frameWidth: FrameWidth;
  /** A diff is drawn as two graphs, A and B. */
  readonly sideBySide: boolean;
  /** In comparisons instances of a template or generic function are one function. */
  readonly ignoreTypeArguments: boolean;
}

/** Services of the chosen target and source. */
export interface ServicesSlice {
  /** Which target and source the rows belong to. */
  readonly servicesOf: string;
  readonly services: readonly ServiceRow[];
  readonly servicesPhase: Phase;
  readonly servicesFailure: Failure | null;
  readonly profileTypes: readonly string[];
  /** Deploys and restarts in the timeline of the selection. */
  readonly turnovers: Turnovers;
}

/** How far the samples of the selection can be believed. */
export interface TrustSlice {
  readonly trust: Trust | null;
  /** What it was asked for by. */
  readonly trustOf: Selection | null;
  readonly trustPhase: Phase;
  readonly trustFailure: Failure | null;
  /** By the selector of a service in the list, how far its last minutes can be believed, as far as that was asked. */
  readonly serviceTrust: Readonly<Record<string, Trust>>;
  readonly verify: VerifyState;
}

/** Profiles that were opened from a file or a snapshot, or recorded with times, or that the guide shows. They stay open until they are closed. */
export interface ProfilesDocument {
  readonly kind: 'profiles';
  readonly documentId: string;
  readonly origin: 'file' | 'snapshot' | 'recording' | 'lesson';
  /** Of a snapshot. */
  readonly snapshotId?: string | undefined;
  readonly title: string;
  readonly notes: string;
  readonly profiles: readonly SpooledProfile[];
}

/** What the main area shows: a selection, or an open document. */
export type Document = { readonly kind: 'selection' } | ProfilesDocument;

/** Frames lie as their samples were taken: those of one thread, or (null) of all, sample by sample. */
export interface TimeOrder {
  /** The label that the thread's samples carry. */
  readonly thread: LabelKey | null;
}

/** What a document was left with; it comes back with it. */
export interface KeptView {
  readonly baseline: Baseline | null;
  readonly valueIndex: number | null;
  readonly operations: readonly Operation[];
  readonly timeOrder: TimeOrder | null;
  readonly zoomPath: readonly string[];
  readonly selectedPath: readonly string[];
}

/** The view of what is open, and how far its loading is. Profile data are in the flame model, not here. */
export interface ViewSlice {
  readonly document: Document;
  /** Everything that is open beside the selection, in the order of opening. */
  readonly documents: readonly ProfilesDocument[];
  /** By document id ("" is the selection): those that were shown and are not on the screen. */
  readonly keptViews: Readonly<Record<string, KeptView>>;
  readonly viewPhase: Phase;
  /** What is being done while loading, in words. */
  readonly viewStep: string;
  /** How far that is, from 0 to 1; null where it cannot be told. */
  readonly viewShare: number | null;
  /** Files that are being decoded and have no document yet. */
  readonly opening: readonly OpeningFile[];
  readonly viewFailure: Failure | null;
  /** Of what is on the screen. */
  readonly viewSource: ViewSource | null;
  readonly viewHeader: FlameHeader | null;
  readonly viewTitle: string;
  /** Profiles of what is on the screen: one, or baseline and comparison. */
  readonly viewProfiles: readonly SpooledProfile[];
  readonly viewSummaries: readonly ProfileSummary[];
  /** What its profiles were asked for by; null for one of a file or a snapshot. */
  readonly viewSides: readonly (Selection | null)[];
  /** What the windows of each side can be asked for by, also of a snapshot, whose source may have them still; null: by nothing. */
  readonly viewWindows: readonly (Selection | null)[];
  /** How far the judgement of a diff is. */
  readonly certainty: CertaintyState;
  /** How far judging it by earlier pairs of ranges is. */
  readonly earlier: EarlierState;
  /** How far the search for moments of change is. */
  readonly moments: MomentsState;
  /** The column of values; null: the profile's default. */
  readonly valueIndex: number | null;
  /** The view that has the focus; the only one where there is no split. */
  readonly tab: Tab;
  /** Two views side by side; null: one. See panes.ts for what changes it. */
  readonly split: Split | null;
  /** What is done to the profiles before they are shown, in this order. */
  readonly operations: readonly Operation[];
  /** Null: the widest frames first. */
  readonly timeOrder: TimeOrder | null;
  readonly search: string;
  readonly searchMode: SearchMode;
  /** Function names from the root to the frame that is zoomed to; empty: the whole. */
  readonly zoomPath: readonly string[];
  /** Function names from the root to the selected frame; empty: none. */
  readonly selectedPath: readonly string[];
  /** Where Alt+Left leads back to, the last one first to go; and where Alt+Right leads forward to. Of what is on the screen. */
  readonly past: readonly ViewMark[];
  readonly future: readonly ViewMark[];
  /** By document id, as keptViews: the ways of what is not on the screen. Not kept with the session. */
  readonly keptHistories: Readonly<Record<string, History>>;
}

/** A file on its way to a document. */
export interface OpeningFile {
  readonly profileId: string;
  readonly title: string;
  /** What is being done, in words; "" before the first is known. */
  readonly step: string;
  /** How far that is, from 0 to 1; null where it cannot be told. */
  readonly share: number | null;
}

/** What was asked of a source, for the way back. */
export type AskedMark = Pick<
  SelectionSlice,
  | 'targetId'
  | 'source'
  | 'selector'
  | 'serviceName'
  | 'profileType'
  | 'preset'
  | 'spanMs'
  | 'extentEndMs'
  | 'earliestMs'
  | 'live'
  | 'range'
  | 'comparison'
>;

/** A place that back and forward lead to; what leads from one to the next is told in history-control.ts. */
export interface ViewMark extends KeptView {
  readonly scale: Scale;
  /** Null in an open profile, which asks nobody. */
  readonly asked: AskedMark | null;
}

/** The way that leads to what is shown, and what lies ahead after going back; of both the last one is the nearest. */
export interface History {
  readonly past: readonly ViewMark[];
  readonly future: readonly ViewMark[];
}

/** A message in the corner. */
export interface Toast {
  readonly id: number;
  readonly tone: 'error' | 'info';
  readonly message: string;
  readonly detail?: string;
  /** A file that can be shown in its folder. */
  readonly path?: string;
}

/** The one dialog that is open. */
export type Dialog =
  | {
      readonly kind: 'server';
      readonly targetId: string | null;
      /** What a new server begins with. */
      readonly draft?: ServerDraft;
    }
  | { readonly kind: 'import-server' }
  | { readonly kind: 'remove-target'; readonly targetId: string }
  | { readonly kind: 'receipt'; readonly targetId: string }
  | { readonly kind: 'checks'; readonly targetId: string }
  | { readonly kind: 'leftovers'; readonly targetId: string }
  | { readonly kind: 'stop-agent'; readonly targetId: string }
  | { readonly kind: 'restart-agent'; readonly targetId: string }
  | { readonly kind: 'log'; readonly targetId: string }
  | { readonly kind: 'pyroscope'; readonly targetId: string }
  | { readonly kind: 'tunnel'; readonly targetId: string }
  | { readonly kind: 'pushes'; readonly targetId: string }
  | { readonly kind: 'profiled'; readonly targetId: string }
  | { readonly kind: 'sampling'; readonly targetId: string }
  | { readonly kind: 'naming'; readonly targetId: string }
  | { readonly kind: 'memory'; readonly targetId: string; readonly service: string }
  | { readonly kind: 'times'; readonly targetId: string }
  | { readonly kind: 'compare' }
  | { readonly kind: 'labels' }
  | { readonly kind: 'code-folders' }
  | { readonly kind: 'open-link' }
  | { readonly kind: 'names' }
  /** What is a new or gone function of the diff called on the other side? */
  | { readonly kind: 'rename'; readonly of: FunctionName; readonly is: 'new' | 'gone' }
  /** What is watched; `of`: a function that may be added. */
  | { readonly kind: 'watches'; readonly of?: FunctionName }
  | { readonly kind: 'save-snapshot' }
  | { readonly kind: 'remove-snapshot'; readonly snapshotId: string }
  | { readonly kind: 'about' }
  | { readonly kind: 'keys' };

/** A theme, or the colours that the system forces on all pages. */
export type ShownTheme = Theme | 'forced';

/** The window itself. */
export interface SurfaceSlice {
  /** What was chosen for all windows and starts. */
  readonly settings: Settings;
  /** The theme that is shown: what "system" stands for now. */
  readonly shownTheme: ShownTheme;
  /** The overview of all targets is on the screen, instead of what is chosen. */
  readonly fleetOpen: boolean;
  readonly sidebarOpen: boolean;
  readonly detailsOpen: boolean;
  /** The width of the left of two views, as a share of both. */
  readonly splitShare: number;
  readonly paletteOpen: boolean;
  readonly dialog: Dialog | null;
  /** Where the reader of the guide is; null while it is closed. */
  readonly learning: Learning | null;
  readonly toasts: readonly Toast[];
  readonly snapshots: readonly SnapshotRow[];
  /** What comparisons take for one function because somebody told it. */
  readonly renames: readonly Rename[];
  /** What is known of the rules that are watched, which are in the settings. */
  readonly watchStates: readonly WatchState[];
  /** Folders of this computer in which code may be looked for. */
  readonly codeFolders: readonly CodeFolder[];
  /** Files that were opened, the last one first. */
  readonly recent: readonly RecentFile[];
}

/** All state of the window that React sees: ids, selection, settings. */
export type AppState = TargetsSlice & SelectionSlice & ServicesSlice & TrustSlice & ViewSlice & SurfaceSlice;
export type AppStore = UseBoundStore<StoreApi<AppState>>;

/** How the window begins before anything is restored. */
export function initialState(nowMs: number): AppState {
  return {
    targets: [],
    targetsPhase: 'loading',
    prompts: [],
    tunnels: {},
    pyspyOptions: defaultPySpyOptions,
    pyspyProcess: null,
    pending: [],
    versionsPutOff: [],
    targetId: null,
    source: 'agent',
    selector: null,
    serviceName: null,
    profileType: cpuProfileType,
    preset: '15m',
    spanMs: null,
    extentEndMs: nowMs,
    earliestMs: null,
    live: true,
    range: null,
    comparison: null,
    baseline: null,
    scale: { by: 'auto' },
    workCounter: null,
    workCounted: false,
    frameWidth: 'mean',
    sideBySide: false,
    ignoreTypeArguments: false,
    servicesOf: '',
    services: [],
    servicesPhase: 'idle',
    servicesFailure: null,
    profileTypes: [],
    turnovers: { stepMs: 0, turnovers: [], starts: [] },
    trust: null,
    trustOf: null,
    trustPhase: 'idle',
    trustFailure: null,
    serviceTrust: {},
    verify: { phase: 'idle' },
    document: { kind: 'selection' },
    documents: [],
    keptViews: {},
    viewPhase: 'idle',
    viewStep: '',
    viewShare: null,
    opening: [],
    viewFailure: null,
    viewSource: null,
    viewHeader: null,
    viewTitle: '',
    viewProfiles: [],
    viewSummaries: [],
    viewSides: [],
    viewWindows: [],
    certainty: { phase: 'idle' },
    earlier: { phase: 'idle' },
    moments: { phase: 'idle' },
    valueIndex: null,
    tab: 'flame',
    split: null,
    operations: [],
    timeOrder: null,
    search: '',
    searchMode: 'plain',
    zoomPath: [],
    selectedPath: [],
    past: [],
    future: [],
    keptHistories: {},
    settings: defaultSettings,
    shownTheme: 'dark',
    fleetOpen: false,
    sidebarOpen: true,
    detailsOpen: true,
    splitShare: 0.5,
    paletteOpen: false,
    dialog: null,
    learning: null,
    toasts: [],
    snapshots: [],
    renames: [],
    watchStates: [],
    codeFolders: [],
    recent: [],
  };
}

/** Makes the store of a window. */
export function createAppStore(nowMs: number): AppStore {
  return create<AppState>(() => initialState(nowMs));
}
