// A module of CommonJS with a default: an .mjs file that imports it is given all of it in place of that.
export { Scrollbars as default } from 'react-custom-scrollbars-2/lib/index.js';
