# A cap cuts the level that the hand has set.
s/if (!l->hand\[channel\]) {/if (true) {/
