// The story of two people once more, over a private Tor network of real processes.
process.env.HUSHWING_OVER = 'tor';
await import('./story.mjs');
