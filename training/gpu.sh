#!/usr/bin/env bash
# The memory recipe on one data-centre GPU in about 12 minutes, for a machine without a network that takes 64 MiB at once and gives 16 MiB a file.
#
#   bash training/gpu.sh prepare SmolLM2-135M-Instruct.Q4_1.gguf   # here: training/data/parts/0 and 1, and training/data/text
#   bash training/gpu.sh run OUT                                    # there, once both parts and the text are in place; again to go on
#   bash training/gpu.sh finish OUT PACK                            # here: joins what came back, exports, converts
#
# LANES, BATCHES, ROWS and SECONDS_OF_TRAINING size it; a rehearsal on a CPU: LANES=4 BATCHES=1 ROWS=0.01 SECONDS_OF_TRAINING=60 bash training/gpu.sh run OUT
set -euo pipefail
python=${PYTHON:-python3}
data=training/data
run=training/runs/gpu-memory
gguf=SmolLM2-135M-Instruct.Q4_1.gguf
say() { printf '%s %s\n' "$(date +%T)" "$*"; }

case "${1:-}" in
prepare)
  "$python" -m training.parts split "$2" "$data/parts" --mebibytes 47
  for part in 0 1 2; do
    [ -e "$data/parts/part-00$part" ] || continue
    mkdir -p "$data/parts/$part" && mv "$data/parts/part-00$part" "$data/parts/$part/"
  done
  [ -e "$data/text/pypi.jsonl.gz" ] || "$python" -m training.collect
  say "send $data/parts/0 first, then $data/parts/1, $data/parts/sha256 and $data/text (at most 64 MiB each time)"
  ;;
run)
  out=$2
  mkdir -p "$out"
  if [ ! -e "$data/teacher/model.safetensors" ]; then
    say "teacher"
    mkdir -p "$data/joined"
    cp "$data"/parts/sha256 "$data"/parts/[0-9]/part-* "$data/joined/"
    "$python" -m training.parts join "$data/joined" "$data/$gguf"
    "$python" -m training.teacher "$data/$gguf"
  fi
  if [ ! -e "$data/tokens/dialogues.json" ]; then
    say "chat"
    "$python" -m training.synthesize --lanes "${LANES:-1024}" --batches "${BATCHES:-6}"
    say "tokens"
    "$python" -m training.corpus > "$out/card.txt"
    "$python" -m training.memory.build --share "${ROWS:-4}" > "$out/dialogues.json"
  fi
  say "training"
  "$python" -m training.train training/configs/gpu-memory.toml --stop-after "${SECONDS_OF_TRAINING:-330}"
  say "result"
  "$python" -m training.compact save "$run/checkpoint.pt" "$run/learnt.safetensors"
  "$python" -m training.parts split "$run/learnt.safetensors" "$out/learnt" --mebibytes 15
  cp "$run/log.jsonl" "$run/curves.png" "$out/"
  say "done"
  ;;
finish)
  out=$2 pack=$3
  mkdir -p "$run"
  "$python" -m training.parts join "$out/learnt" "$run/learnt.safetensors"
  "$python" -m training.compact load "$run/learnt.safetensors" "$run/checkpoint.pt"
  "$python" -m training.export training/configs/gpu-memory.toml "$run/export"
  node bin/rivulet.js convert "$run/export" "$pack" --dtype q4 --generation '{"temperature":0.2,"topP":0.9}'
  say "now: node bench/memory.ts $pack; python -m training.pack_perplexity $pack"
  ;;
*)
  sed -n '2,9p' "$0" >&2
  exit 2
  ;;
esac
