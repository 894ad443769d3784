"""What it takes to run networks that were written elsewhere: without their GPU, in their form, with their habits."""
