-- Columns share the page by what they need, in characters: body cells on one line as far as it goes, headings on up to
-- three lines, nothing that cannot be broken cut. Returns the columns' shares, the size of type that makes them fit, and
-- how far into the margins (cm) a table reaches that would otherwise be set in too small type.
local line = { characters = 100, squeeze = 1.08, size = 9.2, padding = 2, longest = 45, shortest = { 24, 18 } }
local bold_width, code_width = 1.15, 0.6 -- how wide their letters are against those of text
local small, reach, text_width = 8.2, 1, 16

return function(tbl)
  local least, wanted = {}, {}
  local function length(text) return utf8.len(text) or #text end
  local function is_code(cell)
    local first = cell.contents[1] and cell.contents[1].content and cell.contents[1].content[1]
    return first ~= nil and first.t == 'Code'
  end
  local function measure(row, lines, letter)
    for place, cell in ipairs(row.cells) do
      local text, wide = pandoc.utils.stringify(cell.contents), is_code(cell) and code_width or letter
      for word in text:gmatch('%S+') do least[place] = math.max(least[place] or 3, math.ceil(length(word) * wide)) end
      wanted[place] = math.max(wanted[place] or 3, math.min(math.ceil(length(text) * wide / lines), line.longest))
    end
  end
  for _, row in ipairs(tbl.head.rows) do measure(row, 3, bold_width) end
  for _, body in ipairs(tbl.bodies) do
    for _, row in ipairs(body.body) do measure(row, 1, 1) end
  end
  local total = 0
  for place in ipairs(wanted) do
    least[place] = least[place] or 3
    wanted[place] = math.max(wanted[place], least[place])
    total = total + wanted[place] + line.padding
  end
  for _, shortest in ipairs(line.shortest) do -- a little smaller type, then text on more lines, then smaller type
    local spare, slack = 0, {}
    for place, width in ipairs(wanted) do
      slack[place] = math.max(0, width - math.max(least[place], shortest))
      spare = spare + slack[place]
    end
    local cut = math.min(math.max(total - line.characters * line.squeeze, 0), spare)
    for place in ipairs(wanted) do wanted[place] = wanted[place] - (spare > 0 and cut * slack[place] / spare or 0) end
    total = total - cut
  end
  local widths = {}
  for place, width in ipairs(wanted) do widths[place] = string.format('%.1ffr', width + line.padding) end
  local size, beyond = line.size * line.characters / total, 0
  if size < small then
    beyond = math.min(reach, text_width * (small / size - 1) / 2)
    size = size * (1 + 2 * beyond / text_width)
  end
  return widths, math.max(6.5, math.min(line.size, size)), beyond
end
