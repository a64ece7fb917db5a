FROM python:3.13-slim-bookworm AS build
WORKDIR /build
RUN python -m venv /venv
ENV PATH="/venv/bin:$PATH"
COPY requirements.lock ./
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY app app
COPY connectors connectors
RUN pip install --no-cache-dir --no-deps --no-build-isolation . \
    && pip uninstall -y hatchling editables

FROM python:3.13-slim-bookworm
RUN useradd --system --uid 10001 --no-create-home tessera
COPY --from=build /venv /venv
# Nothing is written at run time: the root file system may be read-only.
ENV PATH="/venv/bin:$PATH" PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 10001
WORKDIR /etc/tessera
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=2s --start-period=10s CMD \
    ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/readyz', timeout=1)"]
ENTRYPOINT ["tessera"]
CMD ["serve", "--host", "0.0.0.0"]
