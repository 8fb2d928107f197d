#!/usr/bin/env bash
# The memory recipe on one data-centre GPU in about 12 minutes, for a machine without a network that takes 64 MiB at once and gives back 8 files of 16 MiB.
#
#   bash training/gpu.sh prepare SmolLM2-135M-Instruct.Q4_1.gguf   # here: training/data/travel/0 … 3, one for each call
#   bash training/gpu.sh run OUT                                    # there, once all parts are in place; again to go on
#   bash training/gpu.sh finish OUT PACK                            # here: joins what came back, exports, converts
#
# A rehearsal on a CPU, in a copy of training/ beside which there is nothing but the parts:
#   LANES=4 BATCHES=1 REHEARSE="0.1 0.05" STOP_AFTER=600 bash training/gpu.sh run OUT
set -euo pipefail
python=${PYTHON:-python3}
data=training/data
run=training/runs/gpu-memory
config=training/configs/gpu-memory.toml
gguf=SmolLM2-135M-Instruct.Q4_1.gguf
say() { printf '%s %s\n' "$(date +%T)" "$*"; }

case "${1:-}" in
prepare)
  # Rows are made here, where time costs nothing; there only chat is, by the teacher on the GPU.
  [ -e "$data/tokens/text.train.u16" ] || "$python" -m training.corpus > /dev/null
  "$python" -m training.memory.build --share "${ROWS:-4}"
  rm -rf "$data/travel" "$data/load"
  mkdir -p "$data/load/start" "$data/load/tokens" "$data/load/wheels"
  ln "$2" "$data/load/$gguf" 2> /dev/null || cp "$2" "$data/load/$gguf"
  cp models/rivulet-150m/* "$data/load/start/"
  for split in train held; do
    head -c "${TEXT_BYTES:-6000000}" "$data/tokens/text.$split.u16" > "$data/load/tokens/text.$split.u16"
    for kind in "$data/tokens"/{dialogues,talk}-*."$split".*; do cp "$kind" "$data/load/tokens/"; done
  done
  # What a machine with PyTorch and transformers may lack: both are small and need nothing compiled.
  "$python" -m pip download -q --no-deps --only-binary=:all: -d "$data/load/wheels" torchdata==0.11.0 gguf==0.19.0
  tar -C "$data/load" -czf "$data/load.tar.gz" .
  rm -rf "$data/load"
  "$python" -m training.parts split "$data/load.tar.gz" "$data/travel" --mebibytes 57
  rm "$data/load.tar.gz"
  for part in "$data"/travel/part-*; do
    folder="$data/travel/$((10#${part##*part-}))"
    mkdir -p "$folder" && mv "$part" "$folder/"
    cp "$data/travel/sha256" "$folder/"
  done
  rm "$data/travel/sha256"
  say "one call for each of: $(cd "$data/travel" && ls -d * | sed "s|^|$data/travel/|" | tr '\n' ' ')"
  say "beside a part a call has room for 7 MiB: 'git sparse-checkout set training' first, 'git sparse-checkout disable' afterwards"
  ;;
run)
  out=$2
  mkdir -p "$out"
  if [ ! -e "$data/start/manifest.json" ]; then
    say "parts"
    mkdir -p "$data/joined"
    cp "$data"/travel/*/part-* "$data/joined/"
    cp "$data/travel/0/sha256" "$data/joined/"
    "$python" -m training.parts join "$data/joined" "$data/load.tar.gz"
    tar -C "$data" -xzf "$data/load.tar.gz"
    rm -r "$data/joined" "$data/load.tar.gz"
  fi
  "$python" -c 'import torchdata, gguf' 2> /dev/null || "$python" -m pip install -q --no-index --no-deps --target "$data/site" "$data"/wheels/*.whl
  export PYTHONPATH="$PWD:$PWD/$data/site${PYTHONPATH:+:$PYTHONPATH}" PYTHONUNBUFFERED=1
  if [ ! -e "$data/teacher/tokenizer.json" ]; then
    say "teacher"
    "$python" -m training.teacher "$data/$gguf"
  fi
  if [ ! -e "$data/tokens/chat.train.u16" ]; then
    say "chat"
    "$python" -m training.synthesize --lanes "${LANES:-1024}" --batches "${BATCHES:-4}"
    "$python" -m training.corpus --kinds chat | head -8
  fi
  say "training"
  "$python" -m training.train "$config" --start "$data/start" --stop-after "${STOP_AFTER:-390}" ${REHEARSE:+--rehearse $REHEARSE}
  say "result"
  "$python" -m training.compact save "$run/checkpoint.pt" "$run/learnt.gz" --pack "$data/start"
  rm -rf "$out/learnt"
  "$python" -m training.parts split "$run/learnt.gz" "$out/learnt" --mebibytes 15
  cp "$run/log.jsonl" "$run/curves.png" "$out/"
  say "done: $(ls "$out" "$out/learnt" | wc -l) files, $(du -sm "$out" | cut -f1) MB"
  ;;
finish)
  out=$2 pack=$3
  mkdir -p "$run"
  "$python" -m training.parts join "$out/learnt" "$run/learnt.gz"
  "$python" -m training.compact load "$run/learnt.gz" "$run/checkpoint.pt" --pack models/rivulet-150m
  "$python" -m training.export "$config" "$run/export"
  node bin/rivulet.js convert "$run/export" "$pack" --dtype q4 --generation '{"temperature":0.2,"topP":0.9,"repetitionPenalty":1.05}'
  say "now: node bench/memory.ts $pack; python -m training.pack_perplexity $pack"
  ;;
*)
  sed -n '2,9p' "$0" >&2
  exit 2
  ;;
esac
