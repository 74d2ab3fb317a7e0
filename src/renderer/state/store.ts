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
import { defaultPySpyOptions, type PySpyOptions } from '../../contract/pyspy.js';
import type { Operation } from '../../contract/operations.js';
import type { SearchMode } from '../../core/flame/match-names.js';
import type { Failure } from '../../contract/result.js';
import { defaultSettings, type Settings } from '../../contract/settings.js';
import type { ServerDraft, TargetState } from '../../contract/target.js';
import type { Trust } from '../../contract/trust.js';
import type { TunnelState } from '../../contract/tunnels.js';
import type { CertaintyState } from './certainty-control.js';
import type { Preset, TimeRange } from './time-range.js';
import type { VerifyState } from './verify-control.js';

export type Tab = ViewState['tab'];

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
  /** What the frames of a diff are as wide as. */
  readonly frameWidth: FrameWidth;
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
  readonly trustPhase: Phase;
  readonly trustFailure: Failure | null;
  readonly verify: VerifyState;
}

/** Profiles that were opened from a file or a snapshot. They stay open until they are closed. */
export interface ProfilesDocument {
  readonly kind: 'profiles';
  readonly documentId: string;
  readonly origin: 'file' | 'snapshot';
  /** Of a snapshot. */
  readonly snapshotId?: string | undefined;
  readonly title: string;
  readonly notes: string;
  readonly profiles: readonly SpooledProfile[];
}

/** What the main area shows: a selection, or an open document. */
export type Document = { readonly kind: 'selection' } | ProfilesDocument;

/** What a document was left with; it comes back with it. */
export interface KeptView {
  readonly baseline: Baseline | null;
  readonly valueIndex: number | null;
  readonly operations: readonly Operation[];
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
  /** How far the judgement of a diff is. */
  readonly certainty: CertaintyState;
  /** The column of values; null: the profile's default. */
  readonly valueIndex: number | null;
  readonly tab: Tab;
  /** What is done to the profiles before they are shown, in this order. */
  readonly operations: readonly Operation[];
  readonly search: string;
  readonly searchMode: SearchMode;
  /** Function names from the root to the frame that is zoomed to; empty: the whole. */
  readonly zoomPath: readonly string[];
  /** Function names from the root to the selected frame; empty: none. */
  readonly selectedPath: readonly string[];
  /** Where Alt+Left leads back to, the last one first to go; and where Alt+Right leads forward to. */
  readonly past: readonly ViewMark[];
  readonly future: readonly ViewMark[];
}

/** A place in a view: what back and forward go over. */
export interface ViewMark {
  readonly operations: readonly Operation[];
  readonly zoomPath: readonly string[];
  readonly selectedPath: readonly string[];
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
  | { readonly kind: 'compare' }
  | { readonly kind: 'save-snapshot' }
  | { readonly kind: 'remove-snapshot'; readonly snapshotId: string }
  | { readonly kind: 'about' }
  | { readonly kind: 'keys' };

/** The window itself. */
export interface SurfaceSlice {
  /** What was chosen for all windows and starts. */
  readonly settings: Settings;
  /** The theme that is shown: what "system" stands for now. */
  readonly shownTheme: 'light' | 'dark';
  /** The overview of all targets is on the screen, instead of what is chosen. */
  readonly fleetOpen: boolean;
  readonly sidebarOpen: boolean;
  readonly detailsOpen: boolean;
  readonly paletteOpen: boolean;
  readonly dialog: Dialog | null;
  readonly toasts: readonly Toast[];
  readonly snapshots: readonly SnapshotRow[];
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
    extentEndMs: nowMs,
    earliestMs: null,
    live: true,
    range: null,
    comparison: null,
    baseline: null,
    scale: { by: 'auto' },
    frameWidth: 'mean',
    servicesOf: '',
    services: [],
    servicesPhase: 'idle',
    servicesFailure: null,
    profileTypes: [],
    turnovers: { stepMs: 0, turnovers: [] },
    trust: null,
    trustPhase: 'idle',
    trustFailure: null,
    verify: { phase: 'idle' },
    document: { kind: 'selection' },
    documents: [],
    keptViews: {},
    viewPhase: 'idle',
    viewStep: '',
    viewFailure: null,
    viewSource: null,
    viewHeader: null,
    viewTitle: '',
    viewProfiles: [],
    viewSummaries: [],
    viewSides: [],
    certainty: { phase: 'idle' },
    valueIndex: null,
    tab: 'flame',
    operations: [],
    search: '',
    searchMode: 'plain',
    zoomPath: [],
    selectedPath: [],
    past: [],
    future: [],
    settings: defaultSettings,
    shownTheme: 'dark',
    fleetOpen: false,
    sidebarOpen: true,
    detailsOpen: true,
    paletteOpen: false,
    dialog: null,
    toasts: [],
    snapshots: [],
  };
}

/** Makes the store of a window. */
export function createAppStore(nowMs: number): AppStore {
  return create<AppState>(() => initialState(nowMs));
}
