-- Turns the report's exhibits and headings into the right blocks for HTML, Typst and Word.
-- An exhibit is a Div of class "exhibit" with a caption paragraph, a picture or a table, and notes.

local text_cells = { Str = true, Space = true, SoftBreak = true }

local function typst(blocks)
  local unwrapped = pandoc.WriterOptions { wrap_text = 'wrap-none' }
  return (pandoc.write(pandoc.Pandoc(blocks), 'typst-smart', unwrapped):gsub('%s+$', ''))
end

local function quoted(text)
  return '"' .. text:gsub('\\', '\\\\'):gsub('"', '\\"'):gsub('%s+', ' ') .. '"'
end

local function parts_of(div)
  local caption, body, notes = nil, nil, pandoc.Blocks {}
  for _, block in ipairs(div.content) do
    local picture = (block.t == 'Para' or block.t == 'Plain') and #block.content == 1 and block.content[1].t == 'Image'
    if block.t == 'Table' or picture then
      body = block
    elseif caption == nil then
      caption = block.content
    else
      notes:insert(block)
    end
  end
  return caption, body, notes
end

local function read_file(path)
  local file = assert(io.open(path, 'rb'), 'missing picture ' .. path)
  local bytes = file:read('a')
  file:close()
  return bytes
end

-- Tables -------------------------------------------------------------------------------------------------------

local function cell_text(cell)
  for _, block in ipairs(cell.contents) do
    for _, inline in ipairs(block.content or {}) do
      if not text_cells[inline.t] then return '[' .. typst(cell.contents) .. ']' end
    end
  end
  local text = pandoc.utils.stringify(cell.contents)
  return text == '' and '[]' or '[#' .. quoted(text) .. ']'
end

-- Columns share the page by what they need, in characters: body cells on one line as far as it goes, headings on up to
-- three lines, nothing that cannot be broken cut. Returns the columns' shares and the size of type that makes them fit.
local line = { characters = 100, size = 9.2, padding = 2, longest = 45, shortest = { 24, 18 }, bold = 1.15, code = 0.6 }

local function column_widths(tbl)
  local least, wanted = {}, {}
  local function length(text) return utf8.len(text) or #text end
  local function is_code(cell)
    local first = cell.contents[1] and cell.contents[1].content and cell.contents[1].content[1]
    return first ~= nil and first.t == 'Code'
  end
  local function measure(row, lines, letter)
    for place, cell in ipairs(row.cells) do
      local text, wide = pandoc.utils.stringify(cell.contents), is_code(cell) and line.code or letter
      for word in text:gmatch('%S+') do least[place] = math.max(least[place] or 3, math.ceil(length(word) * wide)) end
      wanted[place] = math.max(wanted[place] or 3, math.min(math.ceil(length(text) * wide / lines), line.longest))
    end
  end
  for _, row in ipairs(tbl.head.rows) do measure(row, 3, line.bold) end
  for _, body in ipairs(tbl.bodies) do
    for _, row in ipairs(body.body) do measure(row, 1, 1) end
  end
  local total = 0
  for place in ipairs(wanted) do
    least[place] = least[place] or 3
    wanted[place] = math.max(wanted[place], least[place])
    total = total + wanted[place] + line.padding
  end
  for _, shortest in ipairs(line.shortest) do -- text on more lines before smaller type
    local spare, slack = 0, {}
    for place, width in ipairs(wanted) do
      slack[place] = math.max(0, width - math.max(least[place], shortest))
      spare = spare + slack[place]
    end
    local cut = math.min(math.max(total - line.characters, 0), spare)
    for place in ipairs(wanted) do wanted[place] = wanted[place] - (spare > 0 and cut * slack[place] / spare or 0) end
    total = total - cut
  end
  local widths = {}
  for place, width in ipairs(wanted) do widths[place] = string.format('%.1ffr', width + line.padding) end
  return widths, math.max(6.5, math.min(line.size, line.size * line.characters / total))
end

local function typst_table(tbl)
  local widths, size = column_widths(tbl)
  local sides = {}
  for place, spec in ipairs(tbl.colspecs) do
    sides[place] = spec[1] == 'AlignRight' and 'right' or 'left'
  end
  local lines = {
    string.format('#report-table(%.2fpt, (%s,), (%s,),', size, table.concat(widths, ', '), table.concat(sides, ', ')),
  }
  local function add(row, before, after)
    local cells = {}
    for place, cell in ipairs(row.cells) do cells[place] = cell_text(cell) end
    table.insert(lines, before .. table.concat(cells, ', ') .. after)
  end
  for _, row in ipairs(tbl.head.rows) do add(row, '  table.header(repeat: true, ', '),') end
  table.insert(lines, '  table.hline(stroke: 0.5pt + report-ink),')
  for _, body in ipairs(tbl.bodies) do
    for _, row in ipairs(body.body) do add(row, '  ', ',') end
  end
  table.insert(lines, ')')
  return table.concat(lines, '\n')
end

local function with_row_headings(tbl)
  for _, body in ipairs(tbl.bodies) do body.row_head_columns = #tbl.colspecs > 1 and 1 or 0 end
  return tbl
end

local function scrolling(tbl, attributes, heading)
  local region = string.format('<div class="scroll" tabindex="0" %s>', heading)
  for name, value in pairs(attributes) do tbl.attr.attributes[name] = value end
  return pandoc.Blocks { pandoc.RawBlock('html', region), with_row_headings(tbl), pandoc.RawBlock('html', '</div>') }
end

-- Exhibits -----------------------------------------------------------------------------------------------------

local function html_exhibit(div, caption, body, notes)
  local kind = div.classes:includes('figure') and 'figure' or 'table'
  local id = div.identifier
  local blocks = pandoc.Blocks {
    pandoc.RawBlock('html', string.format('<figure id="%s" class="%s">', id, kind)),
    pandoc.RawBlock('html', string.format('<figcaption id="%s-caption">', id)),
    pandoc.Plain(caption),
    pandoc.RawBlock('html', '</figcaption>'),
  }
  if kind == 'figure' then
    local image = body.content[1]
    local svg = read_file((image.src:gsub('%.png$', '.svg')))
    image.src = pandoc.mediabag.make_data_uri('image/svg+xml', svg)
    image.attributes.width = nil
    blocks:insert(pandoc.Plain { image })
  else
    local labelled = string.format('role="region" aria-labelledby="%s-caption"', id)
    blocks:extend(scrolling(body, { ['aria-labelledby'] = id .. '-caption' }, labelled))
  end
  if #notes > 0 then blocks:insert(pandoc.Div(notes, pandoc.Attr('', { 'note' }))) end
  blocks:insert(pandoc.RawBlock('html', '</figure>'))
  return blocks
end

local alone = nil -- whether the document is a page of its own, with a size that is found by trying
local unbroken = 20 -- rows of a table that is kept on one page

local function typst_exhibit(div, caption, body, notes)
  local kind, content
  if body.t == 'Table' then
    kind, content = 'table', typst_table(body)
  else
    local image = body.content[1]
    local svg = '/' .. image.src:gsub('%.png$', '.svg')
    kind = 'image'
    content = string.format(
      '#image(%s, alt: %s, width: %s)', quoted(svg), quoted(pandoc.utils.stringify(image.caption)),
      (alone and 'page-scale * ' or '') .. (image.attributes.width or '100%')
    )
  end
  local note = #notes > 0 and '\n#report-note[' .. typst(notes) .. ']' or ''
  local figure = string.format(
    '#figure(\n  kind: %s, supplement: none, numbering: none,\n  caption: figure.caption(position: top)[%s],\n)[\n%s%s\n] <%s>',
    kind, typst { pandoc.Plain(caption) }, content, note, div.identifier
  )
  local long = body.t == 'Table' and #body.bodies[1].body > unbroken
  if not long then figure = '#[\n#show figure: set block(breakable: false)\n' .. figure .. '\n]' end
  return pandoc.RawBlock('typst', figure)
end

local function styled(style, blocks)
  return pandoc.Div(blocks, pandoc.Attr('', {}, { ['custom-style'] = style }))
end

local function docx_exhibit(div, caption, body, notes)
  local anchored = pandoc.Inlines { pandoc.Span({}, pandoc.Attr(div.identifier)) }
  anchored:extend(caption)
  local blocks = pandoc.Blocks {}
  if body.t == 'Table' then
    blocks:insert(styled('Table Caption', { pandoc.Para(anchored) }))
    blocks:insert(body)
  else
    blocks:insert(styled('Image Caption', { pandoc.Para(anchored) }))
    blocks:insert(styled('Captioned Figure', { pandoc.Para(body.content) }))
  end
  if #notes > 0 then blocks:insert(styled('Exhibit Note', notes)) end
  return blocks
end

local exhibit_for = { html = html_exhibit, typst = typst_exhibit, docx = docx_exhibit }
local format = FORMAT:match('html') and 'html' or FORMAT:match('typst') and 'typst' or 'docx'

-- The document -------------------------------------------------------------------------------------------------

-- Only a chapter's own title is of the first level, and no level is skipped (PDF/UA asks for that). On a page of its
-- own the notebook's title is not shown, and what stands below it moves up.
local function regular_headings(doc)
  alone = doc.meta.alone
  local last = 0
  return doc:walk {
    traverse = 'topdown',
    Header = function(header)
      local own = header.classes:includes('chapter') or header.classes:includes('appendix')
      if header.level == 1 and not own then header.level = 2 end
      if doc.meta.alone then header.level = header.level - 1 end
      header.level = math.min(header.level, last + 1)
      last = header.level
      return header
    end,
  }
end

-- Word: the banner, and a contents list that is filled in already and that Word can update (pandoc's own is empty).
local function word_opening(doc)
  if format ~= 'docx' then return nil end
  local function field(kind, code)
    local instruction = code and '<w:r><w:instrText xml:space="preserve"> ' .. code .. ' </w:instrText></w:r>' or ''
    return pandoc.RawInline('openxml', string.format('<w:r><w:fldChar w:fldCharType="%s"/></w:r>%s', kind, instruction))
  end
  local entries, chapter, section = pandoc.Blocks {}, 0, 0
  for _, block in ipairs(doc.blocks) do
    if block.t == 'Header' and block.level <= 2 then
      local label = ''
      if not block.classes:includes('unnumbered') then
        chapter = block.level == 1 and chapter + 1 or chapter
        section = block.level == 1 and 0 or section + 1
        label = block.level == 1 and chapter .. ' ' or chapter .. '.' .. section .. ' '
      end
      local title = pandoc.Inlines { pandoc.Str(label) }
      title:extend(block.content)
      entries:insert(styled('toc ' .. block.level, { pandoc.Para { pandoc.Link(title, '#' .. block.identifier) } }))
    end
  end
  local opening = pandoc.Blocks {}
  if doc.meta.banner and #doc.meta.banner > 0 then
    opening:insert(styled('Notice', { pandoc.Para(pandoc.Inlines(doc.meta.banner)) }))
  end
  if #entries > 0 then
    opening:insert(styled('TOC Heading', { pandoc.Para(pandoc.Inlines(doc.meta['toc-title'])) }))
    local first, last = entries[1].content[1].content, entries[#entries].content[1].content
    first:insert(1, field('separate'))
    first:insert(1, field('begin', 'TOC \\o "1-2" \\h \\z \\u'))
    last:insert(field('end'))
    opening:extend(entries)
  end
  opening:extend(doc.blocks)
  doc.blocks = opening
  return doc
end

local blocks = { traverse = 'topdown' }

function blocks.Div(div)
  if not div.classes:includes('exhibit') then return nil end
  local caption, body, notes = parts_of(div)
  return exhibit_for[format](div, caption, body, notes), false
end

function blocks.Table(tbl)
  if format == 'typst' then return pandoc.RawBlock('typst', typst_table(tbl)), false end
  if format == 'html' then return scrolling(tbl, {}, ''), false end
end

function blocks.Image(image)
  error('the text shows a picture that is not an exhibit: ' .. image.src)
end

-- pandoc's Typst writer gives formulas no alternative text, which PDF/UA asks for: their source serves.
function blocks.Math(math)
  if format ~= 'typst' then return nil end
  local block = math.mathtype == 'DisplayMath'
  local formula = typst { pandoc.Plain { pandoc.Math('InlineMath', math.text) } }
  if formula:sub(1, 1) ~= '$' then error('the formula cannot be read as TeX: ' .. math.text) end
  return pandoc.RawInline('typst', string.format(
    '#math.equation(block: %s, alt: %s, (%s).body)', tostring(block), quoted(math.text), formula
  ))
end

return {
  { Pandoc = regular_headings },
  blocks,
  { Pandoc = word_opening },
}
