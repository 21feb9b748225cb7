"""Small CNI plugins that ship beside multus. Each file is an executable of its own."""
