"""ngspice in the loop: a design is corrected until its circuit passes."""
