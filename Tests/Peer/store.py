"""What a peer keeps on disk: a JSON object that is replaced as a whole, and logs that grow."""

import json
import os


class State(dict):
    def __init__(self, directory):
        self.directory = directory
        os.makedirs(directory, exist_ok=True)
        self.path = os.path.join(directory, "state.json")
        super().__init__(json.load(open(self.path)) if os.path.exists(self.path) else {})

    def save(self):
        with open(self.path + ".new", "w") as file:
            json.dump(self, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(self.path + ".new", self.path)

    def keep(self, log, value):
        with open(os.path.join(self.directory, log + ".jsonl"), "a") as file:
            file.write(json.dumps(value) + "\n")
            file.flush()
            os.fsync(file.fileno())
