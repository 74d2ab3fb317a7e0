import type { ReactElement } from 'react';

interface IconProps {
  readonly path: string;
  readonly size?: number;
}

/** A 16-unit line icon in the colour of its text. */
function Icon({ path, size = 14 }: IconProps): ReactElement {
  return (
    <svg width={size} height={size} viewBox="0 0 16 16" aria-hidden="true" fill="none" stroke="currentColor">
      <path d={path} strokeWidth="1.5" strokeLinecap="round" strokeLinejoin="round" />
    </svg>
  );
}

export const PlusIcon = (): ReactElement => <Icon path="M8 3v10M3 8h10" />;
export const FleetIcon = (): ReactElement => <Icon path="M2.5 3.5h11M2.5 8h11M2.5 12.5h11M6 3.5v9" />;
export const DotsIcon = (): ReactElement => <Icon path="M3.5 8h.01M8 8h.01M12.5 8h.01" />;
export const CloseIcon = (): ReactElement => <Icon path="M4 4l8 8M12 4l-8 8" />;
export const ChevronIcon = (): ReactElement => <Icon path="M4.5 6.5L8 10l3.5-3.5" size={12} />;
export const ArrowIcon = (): ReactElement => <Icon path="M6.5 4.5L10 8l-3.5 3.5" size={12} />;
export const SearchIcon = (): ReactElement => (
  <Icon path="M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM10.5 10.5L14 14" />
);
export const CopyIcon = (): ReactElement => <Icon path="M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8z" />;
export const SidebarIcon = (): ReactElement => <Icon path="M2.5 3h11v10h-11zM6 3v10" />;
export const DetailsIcon = (): ReactElement => <Icon path="M2.5 3h11v10h-11zM10 3v10" />;
export const SplitIcon = (): ReactElement => <Icon path="M2.5 3h11v10h-11zM8 3v10" />;
export const SunIcon = (): ReactElement => (
  <Icon path="M8 10.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM8 2v1M8 13v1M2 8h1M13 8h1M3.8 3.8l.7.7M11.5 11.5l.7.7M3.8 12.2l.7-.7M11.5 4.5l.7-.7" />
);
export const MoonIcon = (): ReactElement => <Icon path="M13 9.5A5.5 5.5 0 0 1 6.5 3 5.5 5.5 0 1 0 13 9.5z" />;
export const RecordIcon = (): ReactElement => (
  <svg width="10" height="10" viewBox="0 0 10 10" aria-hidden="true">
    <circle cx="5" cy="5" r="4" fill="currentColor" />
  </svg>
);
export const StopIcon = (): ReactElement => (
  <svg width="10" height="10" viewBox="0 0 10 10" aria-hidden="true">
    <rect x="1.5" y="1.5" width="7" height="7" rx="1" fill="currentColor" />
  </svg>
);

/** A ring that turns while something is being done; still when motion is reduced. */
export function Spinner(): ReactElement {
  return (
    <svg className="spinner" width="12" height="12" viewBox="0 0 12 12" aria-hidden="true" fill="none">
      <path d="M6 1.5A4.5 4.5 0 1 1 1.5 6" stroke="currentColor" strokeWidth="1.8" strokeLinecap="round" />
    </svg>
  );
}

/** The mark: a small flame graph. */
export function Logo({ size = 16 }: { readonly size?: number }): ReactElement {
  return (
    <svg width={size} height={size} viewBox="0 0 16 16" aria-hidden="true" fill="var(--accent)">
      <rect x="1" y="1" width="14" height="4" rx="1" />
      <rect x="1" y="6" width="9" height="4" rx="1" opacity=".75" />
      <rect x="3" y="11" width="4" height="4" rx="1" opacity=".5" />
    </svg>
  );
}
