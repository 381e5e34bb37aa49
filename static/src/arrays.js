// The array builder's comfort: arrow keys, drag, and placing without a page load.
