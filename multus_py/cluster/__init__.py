"""What Multus asks of the cluster: a port of five calls, and its adapters. Nothing of CNI here."""
