"""The rule of few rows applied: strip models, and attack what would be published."""
