"""Cell sizes, I0 and membrane capacitor with which enough samples fire as the model does."""
