# The whole loop in a container: train, export, simulate, judge, report.
#
#   docker build -t mtc-codesign .
#   docker run --rm -v "$PWD/runs:/toolkit/runs" mtc-codesign
#
# Any other command of the toolkit: docker run --rm mtc-codesign codesign regime preset:tonic_bursting
FROM debian:bookworm-slim

RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates git make \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /toolkit
COPY . .

# Dependencies, ngspice, the compiled kernel and the transistor models: `make demo` finds all there.
RUN make setup

ENV PATH="/toolkit/.venv/bin:$PATH"
CMD ["make", "demo"]
