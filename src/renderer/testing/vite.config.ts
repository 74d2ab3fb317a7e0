import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// The development page only; the app is built by electron.vite.config.ts.
export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  server: { host: '127.0.0.1', fs: { allow: ['../../..'] } },
});
