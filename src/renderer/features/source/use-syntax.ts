import { useEffect, useState } from 'react';
import type { Tree } from '@lezer/common';
import { grammarOf, parseInSlices } from './syntax.js';

/** The syntax of a file's text; null before it is read, and where its language is not known. The text is shown meanwhile. */
export function useSyntax(file: string, text: string): Tree | null {
  const [read, setRead] = useState<{ readonly text: string; readonly tree: Tree } | null>(null);
  useEffect(() => {
    const load = grammarOf(file);
    if (load === undefined) return undefined;
    const reading = new AbortController();
    const start = async (): Promise<void> => {
      const tree = await parseInSlices(await load(), text, reading.signal);
      if (tree !== undefined && !reading.signal.aborted) setRead({ text, tree });
    };
    void start(); // a text without colours is a text
    return () => {
      reading.abort();
    };
  }, [file, text]);
  return read?.text === text ? read.tree : null;
}
