# The kill is over with any answer of the box.
/^limits_report/,/^}/ s/if (b->zero) {/if (true) {/
