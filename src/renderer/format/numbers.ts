// Shared with the command line, so that a number is said alike in both.
export * from '../../core/words/numbers.js';
