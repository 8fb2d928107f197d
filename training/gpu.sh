#!/usr/bin/env bash
# The memory recipe on one data-centre GPU in about 12 minutes, for a machine without a network that takes 64 MiB at once and gives back 8 files of 16 MiB.
#
#   bash training/gpu.sh prepare SmolLM2-135M-Instruct.Q4_1.gguf   # here: training/data/travel/0 … 3, one for each call; QAMR=<its data folder> takes its questions along
#   bash training/gpu.sh begin                                      # there, with parts 0 and 1: teacher, chat and dialogues, while the others travel
#   bash training/gpu.sh run OUT SECONDS                            # there, with all parts: trains for so many seconds, compiling included
#   bash training/gpu.sh finish LEARNT PACK                         # here: joins what came back, exports, converts
#
# A rehearsal on a CPU, in a copy of training/ beside which there is nothing but the parts:
#   LANES=4 SHARE=0.01 PROCESSES=2 REHEARSE="1 0.02" bash training/gpu.sh begin; … run OUT 600
set -euo pipefail
python=${PYTHON:-python3}
data=training/data
run=training/runs/gpu-memory
config=training/configs/gpu-memory.toml
gguf=SmolLM2-135M-Instruct.Q4_1.gguf
say() { printf '%s %s\n' "$(date +%T)" "$*"; }

# pack FOLDER FIRST: the folder as a file that is cut into parts FIRST and FIRST + 1
pack() {
  tar -C "$1" -czf "$1.tar" .
  "$python" -m training.parts split "$1.tar" "$1.parts" --mebibytes 60
  [ ! -e "$1.parts/part-002" ] || { echo "$1: expected at most 120 MiB in two parts, got $(du -m "$1.tar" | cut -f1); set TEXT_BYTES to less than 9000000" >&2; exit 1; }
  for part in "$1.parts"/part-*; do
    folder="$data/travel/$(($2 + 10#${part##*part-}))"
    mkdir -p "$folder" && mv "$part" "$folder/"
    cp "$1.parts/sha256" "$folder/"
  done
  rm -r "$1" "$1.tar" "$1.parts"
}
# unpack FIRST TARGET: the reverse, of two parts
unpack() {
  mkdir -p "$data/joined-$1" "$2"
  cp "$data/travel/$1"/* "$data/joined-$1/"
  cp "$data/travel/$(($1 + 1))"/* "$data/joined-$1/"
  "$python" -m training.parts join "$data/joined-$1" "$data/joined-$1.tar"
  tar -C "$2" -xf "$data/joined-$1.tar"
  rm -r "$data/joined-$1" "$data/joined-$1.tar"
}
# rows NAME …: dialogues as rows of tokens, on all cores. It returns 1 where it fails, since a trap of `begin` sees what a function returns and not what fails in it.
rows() {
  OMP_NUM_THREADS=1 "$python" -m training.memory.build --name "$1" "${@:2}" --lengths 256 2048 --processes "${PROCESSES:-12}" > "$data/$1.log" 2>&1 || { tail -c 1500 "$data/$1.log"; return 1; }
}
export PYTHONPATH="$PWD:$PWD/$data/site${PYTHONPATH:+:$PYTHONPATH}" PYTHONUNBUFFERED=1

case "${1:-}" in
prepare)
  [ -e "$data/tokens/text.train.u16" ] || "$python" -m training.corpus > /dev/null
  rm -rf "$data/travel" "$data/load"
  mkdir -p "$data/load/tokens" "$data/load/wheels"
  ln "$2" "$data/load/$gguf" 2> /dev/null || cp "$2" "$data/load/$gguf"
  cp -r "$data/chat" "$data/text" "$data/load/"
  for split in train held; do head -c "${TEXT_BYTES:-9000000}" "$data/tokens/text.$split.u16" > "$data/load/tokens/text.$split.u16"; done
  if [ -n "${QAMR:-}" ]; then
    mkdir -p "$data/load/qamr/filtered"
    cp "$QAMR/wiki-sentences.tsv" "$data/load/qamr/"
    cp "$QAMR/filtered/dev.tsv" "$QAMR/filtered/test.tsv" "$data/load/qamr/filtered/"
  fi
  # What a machine with PyTorch and transformers may lack: both are small and need nothing compiled.
  "$python" -m pip download -q --no-deps --only-binary=:all: -d "$data/load/wheels" torchdata==0.11.0 gguf==0.19.0
  pack "$data/load" 0
  mkdir "$data/start"
  cp models/rivulet-150m/* "$data/start/"
  pack "$data/start" 2
  say "one call for each of: $(cd "$data/travel" && ls -d * | sed "s|^|$data/travel/|" | tr '\n' ' ')"
  say "beside a part a call has room for 4 MiB: 'git sparse-checkout set training' first, 'git sparse-checkout disable' afterwards"
  ;;
begin)
  # A run that waits for these files ends when they will never come.
  trap 'mkdir -p "$data/tokens"; echo "line $LINENO of gpu.sh begin, see the logs in $data" > "$data/tokens/failed"' ERR
  say "parts"
  unpack 0 "$data"
  # The next call lays the tree down anew while this one works: a process that starts just then would find a folder empty. So it runs a copy.
  code=$(mktemp -d)
  tar -cf - --exclude=training/data --exclude=training/runs training | tar -C "$code" -xf -
  ln -s "$PWD/$data" "$code/training/data"
  export PYTHONPATH="$code:$PWD/$data/site"
  cd "$code"
  "$python" -m pip install -q --no-index --no-deps --target "$data/site" "$data"/wheels/*.whl
  say "teacher"
  "$python" -m training.teacher "$data/$gguf" 2>&1 | tail -1
  say "dialogues and chat"
  rows dialogues --talk talk --share "${SHARE:-16}" &
  dialogues=$!
  "$python" -m training.synthesize --lanes "${LANES:-4096}" --batches 1 --first 100 2>&1 | tail -1
  wait "$dialogues"
  "$python" -m training.corpus --kinds chat > "$data/corpus.log"
  head -8 "$data/corpus.log"
  say "questions about quoted lines, and other dialogues"
  asked=(--asked)
  [ ! -d "$data/qamr" ] || asked+=(--qamr "$data/qamr")
  rows asked --talk asked-talk --seed 2 --share "$(awk "BEGIN { print ${SHARE:-16} / 4 }")" "${asked[@]}"
  rows fresh --talk fresh-talk --seed 1 --share "${SHARE:-16}"
  say "begun"
  ;;
run)
  out=$2
  mkdir -p "$out"
  [ -e "$data/start/manifest.json" ] || unpack 2 "$data/start"
  while [ ! -e "$data/teacher/tokenizer_config.json" ] && [ ! -e "$data/tokens/failed" ]; do sleep 0.2; done
  say "training"
  "$python" -m training.train "$config" --start "$data/start" --within "$3" ${REHEARSE:+--rehearse $REHEARSE} 2>&1 | tr '\r' '\n' > "$out/train.log" || true
  tail -c 1500 "$out/train.log"
  cp "$run/log.jsonl" "$out/"
  say "result"
  "$python" -m training.compact save "$run/checkpoint.pt" "$run/learnt.gz" --pack "$data/start"
  "$python" -m training.parts split "$run/learnt.gz" "$run/learnt" --mebibytes 15
  cp "$run"/learnt/part-00[0-3] "$run/learnt/sha256" "$run/curves.png" "$out/"
  say "done: $(ls "$run/learnt" | wc -l) files, $(du -sm "$run/learnt" | cut -f1) MB"
  ;;
finish)
  mkdir -p "$run"
  "$python" -m training.parts join "$2" "$run/learnt.gz"
  "$python" -m training.compact load "$run/learnt.gz" "$run/checkpoint.pt" --pack models/rivulet-150m
  "$python" -m training.export "$config" "$run/export"
  node bin/rivulet.js convert "$run/export" "$3" --dtype q4 --generation '{"temperature":0.2,"topP":0.9,"repetitionPenalty":1.05}'
  say "now: node bench/memory.ts $3; python -m training.pack_perplexity $3"
  ;;
*)
  sed -n '2,12p' "$0" >&2
  exit 2
  ;;
esac
