/** A colour token as canvas wants it: CSS for strokes and text, a word for ImageData. */
export interface TokenColour {
  readonly css: string;
  readonly word: number;
}

/** Reads colour tokens as they are now, whatever notation they are written in. */
export function readTokens<Name extends string>(element: Element, names: readonly Name[]): Record<Name, TokenColour> {
  const style = getComputedStyle(element);
  // A canvas has other colours behind the names of the system's than the page has that they are forced on.
  const probe = matchMedia('(forced-colors: active)').matches ? element.appendChild(document.createElement('i')) : null;
  const pixel = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const entries = names.map((name): [Name, TokenColour] => {
    const css = probe === null ? style.getPropertyValue(`--${name}`).trim() : systemColour(probe, name);
    if (pixel === null || css === '') return [name, { css: '#000', word: 0xff000000 }];
    pixel.clearRect(0, 0, 1, 1);
    pixel.fillStyle = css;
    pixel.fillRect(0, 0, 1, 1);
    const [word = 0] = new Uint32Array(pixel.getImageData(0, 0, 1, 1).data.buffer);
    return [name, { css, word }];
  });
  probe?.remove();
  return Object.fromEntries(entries) as Record<Name, TokenColour>;
}

function systemColour(probe: HTMLElement, name: string): string {
  probe.style.setProperty('forced-color-adjust', 'none');
  probe.style.color = `var(--${name})`;
  return getComputedStyle(probe).color;
}
