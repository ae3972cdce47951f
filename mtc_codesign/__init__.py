"""The one name below which the toolkit is installed for users.

    from mtc_codesign.neuron_model import Network, series, train
    from mtc_codesign.codesign import Technology, build

``neuron_model`` (parameters, dynamics, training), ``mapping`` (neurons to bias currents, voltages
and capacitors), ``circuits`` (cells and technologies), ``netlists`` (SPICE and ngspice) and
``codesign`` (build, validate, studies, the command line) lie below it. In a checkout, and in an
editable install of one, they are packages of their own: ``from codesign import build``.
"""
