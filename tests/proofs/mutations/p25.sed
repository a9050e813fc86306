# A mode changed at the box in a ramp leaves the ramp as it is.
s/if (changed && l->armed) {/if (changed \&\& !l->armed) {/
