"""What every layer stands on: values, JSON, files, time, processes, the log. Nothing of CNI or Kubernetes here."""
